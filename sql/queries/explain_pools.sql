-- explain_pools: the shared costs that a tenant bears a part of: the pool, and the tenant's share.
--
-- grain: one row per usage_date, source, module_id, resource_type, rule_id, rule_version
-- binds: tenant_id, source, first_day, end_day
-- reads: metering.cost_pools, metering.split_shares
-- why:   the share is the span that the tenant takes of a whole of 10^12.

select
    p.usage_date,
    p.module_id,
    p.resource_type,
    p.rule_id,
    p.rule_version,
    p.method,
    p.split_by,
    p.pool_units,
    s.share_before,
    s.share_to_here
from metering.cost_pools as p
inner join metering.split_shares as s on p.usage_date = s.usage_date and p.split_by = s.split_by
where
    s.tenant_id = cast(? as varchar)
    and p.source = cast(? as varchar)
    and p.usage_date >= cast(? as date)
    and p.usage_date < cast(? as date)
order by p.usage_date, p.module_id, p.resource_type, p.rule_id, p.rule_version;
