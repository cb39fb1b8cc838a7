-- metering.split_weights: by what a day's shared cost is split: each owner with its weight.
--
-- grain:   one row per usage_date, split_by, tenant_id
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_pools, metering.cost_rules, metering.rule_owners, metering.usage_daily,
--          metering.tenants
-- why:     use of a metric, shares that were agreed, or one each. A tenant that a rule names and that is
--          none on the day keeps its place, so that its part is seen and nobody else pays it. Only what a
--          pool of the day asks for is here; weights are whole numbers of millionths.

create or alter dynamic table metering.split_weights
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with splits as (
    select distinct
        p.usage_date,
        p.split_by,
        p.method,
        r.metric
    from metering.cost_pools as p
    inner join metering.cost_rules as r on p.split_by = r.split_by
),

named as (
    select distinct
        p.usage_date,
        p.split_by,
        o.tenant_id,
        o.share
    from metering.cost_pools as p
    inner join metering.rule_owners as o
        on p.rule_id = o.rule_id and p.rule_version = o.rule_version
    where p.method in ('fixed_share', 'even')
),

named_splits as (
    select distinct
        usage_date,
        split_by
    from named
),

open_splits as (
    select
        s.usage_date,
        s.split_by
    from splits as s
    left join named_splits as n on s.usage_date = n.usage_date and s.split_by = n.split_by
    where s.method = 'even' and n.split_by is null
)

select
    s.usage_date,
    s.split_by,
    u.tenant_id,
    true as is_tenant,
    cast(sum(u.quantity) * 1000000 as number(38, 0)) as weight
from splits as s
inner join metering.usage_daily as u on s.usage_date = u.usage_date and s.metric = u.metric
where s.method = 'usage_share'
group by s.usage_date, s.split_by, u.tenant_id
having sum(u.quantity) > 0
union all
select
    n.usage_date,
    n.split_by,
    n.tenant_id,
    coalesce(n.usage_date >= t.starts_on and n.usage_date < t.ends_on, false) as is_tenant,
    cast(n.share * 1000000 as number(38, 0)) as weight
from named as n
left join metering.tenants as t on n.tenant_id = t.tenant_id
union all
select
    o.usage_date,
    o.split_by,
    t.tenant_id,
    true as is_tenant,
    1 as weight
from open_splits as o
inner join metering.tenants as t on o.usage_date >= t.starts_on and o.usage_date < t.ends_on;
