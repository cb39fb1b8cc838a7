-- metering.aws_cost_daily: what AWS charged, day by day, as its tags tell it.
--
-- grain:   one row per usage_date, cost_source, payer, owner_tag, module_tag, service, account,
--          currency
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_lines, metering.cost_files
-- why:     owner_tag is the raw tag, because a shared pool is an owner tag that is no tenant. Costs are
--          summed at twelve decimals and not rounded.

create or alter dynamic table metering.aws_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    l.usage_date,
    l.cost_source,
    f.payer,
    l.owner_tag,
    l.module_tag,
    l.service,
    l.account,
    l.currency,
    cast(
        sum(iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd)) as number(38, 12)
    ) as cost_usd,
    count(*) as line_count
from metering.cost_lines as l
inner join metering.cost_files as f on l.usage_date = f.usage_date and l.file_name = f.file_name
where l.cost_source in ('cur', 'aws_cost')
group by
    l.usage_date, l.cost_source, f.payer, l.owner_tag, l.module_tag, l.service, l.account, l.currency;
