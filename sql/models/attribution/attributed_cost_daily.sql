-- metering.attributed_cost_daily: every cent of cost with its owner and the rule that gave it.
--
-- grain:   one row per usage_date, source, disposition, tenant_id, module_id, resource_type, rule_id,
--          rule_version, reason
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.ruled_cost_daily, metering.cost_pools, metering.split_shares, metering.split_parts
-- why:     attributed to a tenant, kept by the operator, or unattributed with a reason: no_rule, no_usage
--          where a pool had nothing to be split by, no_tenant where its owner was none on the day. The
--          three always sum to the bill. The parts stand in a CTE because they are asked for twice, and
--          a view that is named twice is worked out twice.

create or alter dynamic table metering.attributed_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with parts as (
    select
        usage_date,
        source,
        tenant_id,
        is_tenant,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        part_units
    from metering.split_parts
),

shared_days as (
    select distinct
        usage_date,
        split_by
    from metering.split_shares
),

decided as (
    select
        usage_date,
        source,
        case method when 'tag' then 'attributed' when 'platform' then 'kept' else 'unattributed' end
            as disposition,
        iff(method = 'tag', tenant_id, '') as tenant_id,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        iff(method = 'none', 'no_rule', '') as reason,
        cost_usd
    from metering.ruled_cost_daily
    where split_by = ''
    union all
    select
        usage_date,
        source,
        'unattributed' as disposition,
        '' as tenant_id,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        'no_tenant' as reason,
        cast(part_units as number(38, 0)) * 0.000000000001 as cost_usd
    from parts
    where not is_tenant
    union all
    select
        p.usage_date,
        p.source,
        'unattributed' as disposition,
        '' as tenant_id,
        p.module_id,
        p.resource_type,
        p.method,
        p.rule_id,
        p.rule_version,
        iff(p.method = 'usage_share', 'no_usage', 'no_tenant') as reason,
        p.pool_units * 0.000000000001 as cost_usd
    from metering.cost_pools as p
    left join shared_days as d on p.usage_date = d.usage_date and p.split_by = d.split_by
    where d.usage_date is null
)

select
    usage_date,
    source,
    disposition,
    tenant_id,
    module_id,
    resource_type,
    method,
    rule_id,
    rule_version,
    reason,
    cast(sum(cost_usd) as number(38, 12)) as cost_usd
from decided
group by
    usage_date, source, disposition, tenant_id, module_id, resource_type, method, rule_id, rule_version,
    reason
union all
select
    usage_date,
    source,
    'attributed' as disposition,
    tenant_id,
    module_id,
    resource_type,
    method,
    rule_id,
    rule_version,
    '' as reason,
    cast(cast(part_units as number(38, 0)) * 0.000000000001 as number(38, 12)) as cost_usd
from parts
where is_tenant;
