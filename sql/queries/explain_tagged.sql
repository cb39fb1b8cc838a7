-- explain_tagged: the costs that carry a tenant's own tag, as the source told them.
--
-- grain: one row per usage_date, payer, owner_tag, module_tag, service, account, currency
-- binds: tenant_id, source, first_day, end_day
-- reads: metering.ruled_cost_daily

select
    usage_date,
    module_id,
    resource_type,
    rule_id,
    rule_version,
    payer,
    owner_tag,
    module_tag,
    service,
    account,
    cost_usd
from metering.ruled_cost_daily
where
    tenant_id = cast(? as varchar)
    and source = cast(? as varchar)
    and usage_date >= cast(? as date)
    and usage_date < cast(? as date)
    and method = 'tag'
order by usage_date, payer, owner_tag, module_tag, service, account;
