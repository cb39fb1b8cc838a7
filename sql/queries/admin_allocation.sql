-- admin_allocation: who has the cost of a month, by which rule, and what nobody has.
--
-- grain: one row per disposition, tenant_id, module_id, source, rule_id, rule_version, method, reason
-- binds: first_day, end_day
-- reads: metering.v_attributed_cost_daily

select
    disposition,
    tenant_id,
    module_id,
    source,
    rule_id,
    rule_version,
    method,
    reason,
    sum(cost_usd) as cost_usd
from metering.v_attributed_cost_daily
where usage_date >= cast(? as date) and usage_date < cast(? as date)
group by disposition, tenant_id, module_id, source, rule_id, rule_version, method, reason
order by disposition, tenant_id, module_id, source, rule_id, rule_version, method, reason;
