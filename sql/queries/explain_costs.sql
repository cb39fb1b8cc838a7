-- explain_costs: what a tenant costs as it is known now, day by day, and by which rule.
--
-- grain: one row per usage_date, source, module_id, resource_type, rule_id, rule_version
-- binds: tenant_id, source, first_day, end_day
-- reads: metering.attributed_cost_daily

select
    usage_date,
    module_id,
    resource_type,
    rule_id,
    rule_version,
    method,
    cost_usd
from metering.attributed_cost_daily
where
    tenant_id = cast(? as varchar)
    and source = cast(? as varchar)
    and usage_date >= cast(? as date)
    and usage_date < cast(? as date)
    and disposition = 'attributed'
order by usage_date, module_id, resource_type, rule_id, rule_version;
