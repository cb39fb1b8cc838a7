-- metering.external_api_costs: what providers other than AWS and Snowflake charged, day by day.
--
-- grain:   one row per usage_date, provider, owner_tag, module_tag, service, account, currency
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_lines, metering.cost_files
-- why:     an API that is paid by the call is a cost of those who call it, like a machine that is rented.

create or alter dynamic table metering.external_api_costs
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    l.usage_date,
    f.payer as provider,
    l.owner_tag,
    l.module_tag,
    l.service,
    l.account,
    l.currency,
    cast(
        sum(iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd)) as number(38, 12)
    ) as cost_usd
from metering.cost_lines as l
inner join metering.cost_files as f on l.usage_date = f.usage_date and l.file_name = f.file_name
where l.cost_source = 'external_cost'
group by l.usage_date, f.payer, l.owner_tag, l.module_tag, l.service, l.account, l.currency;
