-- metering.delivery_days_judged: the days of complete deliveries, each with whether it can be believed.
--
-- grain:   one row per stream, delivery_id, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_days, metering.config, billing.decisions
-- why:     a settled day that comes back empty or below half of what it was is more often a fault of the
--          source than a rebate. It is held against the highest total that any delivery has given the
--          day since the last one that a person accepted; to replace by hand is to accept.

create or alter dynamic table metering.delivery_days_judged
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with accepted as (
    select
        stream,
        subject as delivery_id,
        count(*) as times
    from billing.decisions
    where decision = 'accept_delivery'
    group by stream, subject
),

settling as (
    select distinct
        d.usage_date,
        cast(c.value as number(38, 0)) as settle_hours
    from metering.delivery_days as d
    inner join metering.config as c
        on c.config_key = 'settle_hours' and d.usage_date >= c.starts_on and d.usage_date < c.ends_on
),

told as (
    select
        d.stream,
        d.delivery_id,
        d.family,
        d.scope,
        d.payer,
        d.ordered_at,
        d.order_key,
        d.replaces,
        d.usage_date,
        d.control_usd,
        d.amortized_usd,
        d.replaces or a.times is not null as is_accepted,
        d.ordered_at
        >= dateadd(hour, coalesce(s.settle_hours, 48), dateadd(day, 1, d.usage_date)) as is_settled
    from metering.delivery_days as d
    left join accepted as a on d.stream = a.stream and d.delivery_id = a.delivery_id
    left join settling as s on d.usage_date = s.usage_date
),

since_accepted as (
    select
        stream,
        delivery_id,
        family,
        scope,
        payer,
        ordered_at,
        order_key,
        replaces,
        usage_date,
        control_usd,
        amortized_usd,
        is_accepted,
        is_settled,
        sum(iff(is_accepted, 1, 0)) over (
            partition by stream, scope, usage_date order by order_key
            rows between unbounded preceding and current row
        ) as times_accepted
    from told
),

measured as (
    select
        stream,
        delivery_id,
        family,
        scope,
        payer,
        ordered_at,
        order_key,
        replaces,
        usage_date,
        control_usd,
        amortized_usd,
        is_accepted,
        is_settled,
        max(control_usd) over (
            partition by stream, scope, usage_date, times_accepted order by order_key
            rows between unbounded preceding and current row
        ) as highest_usd
    from since_accepted
)

select
    stream,
    delivery_id,
    family,
    scope,
    payer,
    ordered_at,
    order_key,
    replaces,
    usage_date,
    control_usd,
    amortized_usd,
    highest_usd,
    is_settled
    and not is_accepted
    and highest_usd > 0
    and 2 * control_usd < highest_usd as is_suspicious
from measured;
