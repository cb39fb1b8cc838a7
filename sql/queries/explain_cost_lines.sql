-- explain_cost_lines: the landed lines of what carries a tenant's own tag.
--
-- grain: one row per file_name, file_row
-- binds: tenant_id, source, first_day, end_day
-- reads: metering.ruled_cost_daily, metering.cost_files, metering.cost_lines

select
    l.usage_date,
    f.payer,
    l.owner_tag,
    l.module_tag,
    l.service,
    l.account,
    l.resource_id,
    l.usage_type,
    l.file_name,
    l.file_row,
    iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd) as cost_usd
from metering.ruled_cost_daily as c
inner join metering.cost_lines as l
    on
        c.usage_date = l.usage_date
        and c.owner_tag = l.owner_tag
        and c.module_tag = l.module_tag
        and c.service = l.service
        and c.account = l.account
        and c.currency = l.currency
inner join metering.cost_files as f
    on l.usage_date = f.usage_date and l.file_name = f.file_name and c.payer = f.payer
where
    c.tenant_id = cast(? as varchar)
    and c.source = cast(? as varchar)
    and c.usage_date >= cast(? as date)
    and c.usage_date < cast(? as date)
    and c.method = 'tag'
    and iff(l.cost_source = 'external_cost', 'external', 'aws') = c.source
order by l.usage_date, f.payer, l.owner_tag, l.module_tag, l.service, l.account, l.file_name, l.file_row;
