-- metering.usage_shares: each tenant's share of a metric's use on a day, as cuts of a whole of 10^12.
--
-- grain:   one row per usage_date, metric, tenant_id
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_daily, metering.allocation_rules
-- why:     the one definition of a split: cumulative shares in id order, cut at twelve digits. The last
--          share is exactly 10^12, so parts always sum to the pool. A day without use has no row, nor has a
--          metric that no rule weighs with.

create or alter dynamic table metering.usage_shares
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with weighing as (
    select distinct metric
    from metering.allocation_rules
    where method = 'usage'
),

weights as (
    select
        u.usage_date,
        u.metric,
        u.tenant_id,
        cast(greatest(sum(u.quantity), 0) * 1000000 as number(38, 0)) as weight
    from metering.usage_daily as u
    inner join weighing as w on u.metric = w.metric
    group by u.usage_date, u.metric, u.tenant_id
),

running as (
    select
        usage_date,
        metric,
        tenant_id,
        weight,
        sum(weight) over (
            partition by usage_date, metric order by tenant_id
            rows between unbounded preceding and current row
        ) as weight_to_here,
        sum(weight) over (partition by usage_date, metric) as weight_of_all
    from weights
),

numerators as (
    select
        usage_date,
        metric,
        tenant_id,
        cast(weight_of_all as number(38, 0)) as weight_of_all,
        cast(weight_to_here * 1000000000000 as number(38, 0)) as numerator_to_here,
        cast((weight_to_here - weight) * 1000000000000 as number(38, 0)) as numerator_before
    from running
    where weight_of_all > 0
)

select
    usage_date,
    metric,
    tenant_id,
    cast(
        (numerator_before - mod(numerator_before, weight_of_all)) / weight_of_all as number(38, 0)
    ) as share_before,
    cast(
        (numerator_to_here - mod(numerator_to_here, weight_of_all)) / weight_of_all as number(38, 0)
    ) as share_to_here
from numerators;
