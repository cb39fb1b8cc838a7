-- metering.attributed_cost_daily: every cent of cost with its owner and the rule that gave it.
--
-- grain:   one row per usage_date, source, disposition, tenant_id, module_id, resource_type, rule_id,
--          rule_version, reason
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.tagged_cost_daily, metering.ruled_cost_daily, metering.cost_pools,
--          metering.usage_shares
-- why:     attributed to a tenant, kept by the operator, or unattributed with a reason: no_rule, or
--          no_usage where a pool had nothing to be split by. The three always sum to the bill.

create or alter dynamic table metering.attributed_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with cuts as (
    select
        p.usage_date,
        s.tenant_id,
        p.module_id,
        p.service,
        p.rule_id,
        p.rule_version,
        cast(sign(p.pool_units) as number(1, 0)) as pool_sign,
        cast(abs(p.pool_units) * s.share_before as number(38, 0)) as before_units,
        cast(abs(p.pool_units) * s.share_to_here as number(38, 0)) as to_here_units
    from metering.cost_pools as p
    inner join metering.usage_shares as s on p.usage_date = s.usage_date and p.metric = s.metric
),

parts as (
    select
        usage_date,
        tenant_id,
        module_id,
        service,
        rule_id,
        rule_version,
        pool_sign * (
            cast((to_here_units - mod(to_here_units, 1000000000000)) / 1000000000000 as number(38, 0))
            - cast((before_units - mod(before_units, 1000000000000)) / 1000000000000 as number(38, 0))
        ) as part_units
    from cuts
),

split_days as (
    select distinct
        usage_date,
        metric
    from metering.usage_shares
),

decided as (
    select
        usage_date,
        iff(method = 'tag', 'attributed', 'kept') as disposition,
        iff(method = 'tag', tenant_id, '') as tenant_id,
        module_id,
        service,
        rule_id,
        rule_version,
        '' as reason,
        cost_usd
    from metering.ruled_cost_daily
    where method in ('tag', 'platform')
    union all
    select
        usage_date,
        'attributed' as disposition,
        tenant_id,
        module_id,
        service,
        rule_id,
        rule_version,
        '' as reason,
        cast(part_units as number(38, 0)) * 0.000000000001 as cost_usd
    from parts
    where part_units <> 0
    union all
    select
        p.usage_date,
        'unattributed' as disposition,
        '' as tenant_id,
        p.module_id,
        p.service,
        p.rule_id,
        p.rule_version,
        'no_usage' as reason,
        p.pool_units * 0.000000000001 as cost_usd
    from metering.cost_pools as p
    left join split_days as d on p.usage_date = d.usage_date and p.metric = d.metric
    where d.usage_date is null
    union all
    select
        c.usage_date,
        'unattributed' as disposition,
        '' as tenant_id,
        c.module_id,
        c.service,
        '' as rule_id,
        0 as rule_version,
        'no_rule' as reason,
        c.cost_usd
    from metering.tagged_cost_daily as c
    left join metering.ruled_cost_daily as r
        on
            c.usage_date = r.usage_date
            and c.cost_source = r.cost_source
            and c.payer = r.payer
            and c.owner_tag = r.owner_tag
            and c.module_tag = r.module_tag
            and c.service = r.service
            and c.account = r.account
            and c.currency = r.currency
    where r.rule_id is null
)

select
    usage_date,
    'aws' as source,
    disposition,
    tenant_id,
    module_id,
    concat('aws:', service) as resource_type,
    rule_id,
    rule_version,
    reason,
    cast(sum(cost_usd) as number(38, 12)) as cost_usd
from decided
group by
    usage_date, disposition, tenant_id, module_id, service, rule_id, rule_version, reason;
