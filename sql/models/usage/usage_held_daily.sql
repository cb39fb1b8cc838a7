-- metering.usage_held_daily: levels held, such as stored GB, as each day's part of the month.
--
-- grain:   one row per usage_date, tenant_id, module_id, metric
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.usage_levels, metering.usage_sources_daily, metering.tenants, metering.metrics,
--          metering.numbers
-- why:     a level holds from its second to that of the next event of its source, across days and
--          months, until the tenant or the metric ends, or the last day that is known of. The unit is
--          level times share of the month (GB-months). What is held up to each day is rounded, half
--          up, and days are the differences, so they sum to the month exactly.

create or alter dynamic table metering.usage_held_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with known as (
    select dateadd(day, 1, max(usage_date)) as ends_on
    from metering.usage_sources_daily
),

levels as (
    select
        e.tenant_id,
        e.source,
        e.event_id,
        e.module_id,
        e.metric,
        cast(e.quantity * 1000000 as number(38, 0)) as level_millionths,
        cast(date_trunc('second', e.event_time) as timestamp_ntz(6)) as starts_at,
        lead(cast(date_trunc('second', e.event_time) as timestamp_ntz(6))) over (
            partition by e.tenant_id, e.source, e.metric order by e.event_time, e.event_id
        ) as next_at,
        least(k.ends_on, t.ends_on, m.ends_on) as ends_on
    from metering.usage_levels as e
    cross join known as k
    inner join metering.tenants as t on e.tenant_id = t.tenant_id
    inner join metering.metrics as m on e.metric = m.metric
    where e.aggregation = 'time_weighted' and not e.is_withdrawn
),

spans as (
    select
        tenant_id,
        module_id,
        metric,
        level_millionths,
        starts_at,
        cast(starts_at as date) as starts_on,
        least(coalesce(next_at, cast(ends_on as timestamp_ntz(6))), cast(ends_on as timestamp_ntz(6)))
            as ends_at
    from levels
),

days as (
    select
        cast(dateadd(day, n.n, s.starts_on) as date) as usage_date,
        s.tenant_id,
        s.module_id,
        s.metric,
        s.level_millionths * datediff(
            second,
            greatest(s.starts_at, cast(dateadd(day, n.n, s.starts_on) as timestamp_ntz(6))),
            least(s.ends_at, cast(dateadd(day, n.n + 1, s.starts_on) as timestamp_ntz(6)))
        ) as level_seconds,
        0 as event_count
    from spans as s
    inner join metering.numbers as n
        on s.ends_at > cast(dateadd(day, n.n, s.starts_on) as timestamp_ntz(6))
    where s.ends_at > s.starts_at
    union all
    select
        usage_date,
        tenant_id,
        module_id,
        metric,
        0 as level_seconds,
        1 as event_count
    from metering.usage_levels
    where aggregation = 'time_weighted'
),

summed as (
    select
        usage_date,
        tenant_id,
        module_id,
        metric,
        cast(date_trunc('month', usage_date) as date) as period_start,
        cast(sum(level_seconds) as number(38, 0)) as level_seconds,
        sum(event_count) as event_count
    from days
    group by usage_date, tenant_id, module_id, metric
),

running as (
    select
        usage_date,
        tenant_id,
        module_id,
        metric,
        event_count,
        level_seconds,
        sum(level_seconds) over (
            partition by tenant_id, module_id, metric, period_start order by usage_date
            rows between unbounded preceding and current row
        ) as held_to_here,
        datediff(second, period_start, dateadd(month, 1, period_start)) as month_seconds
    from summed
),

numerators as (
    select
        usage_date,
        tenant_id,
        module_id,
        metric,
        event_count,
        cast(2 * month_seconds as number(38, 0)) as divisor,
        cast(2 * held_to_here + month_seconds as number(38, 0)) as to_here,
        cast(2 * (held_to_here - level_seconds) + month_seconds as number(38, 0)) as before
    from running
)

select
    usage_date,
    tenant_id,
    module_id,
    metric,
    cast(
        (
            cast((to_here - mod(to_here, divisor)) / divisor as number(38, 0))
            - cast((before - mod(before, divisor)) / divisor as number(38, 0))
        ) * cast(0.000001 as number(7, 6))
        as number(38, 6)
    ) as quantity,
    cast(event_count as number(38, 0)) as event_count
from numerators;
