-- publish_restated: the settled days of a period whose cost was delivered again with another total.
--
-- grain: one row per usage_date, source
-- binds: period_start, period_end
-- reads: metering.delivery_days_judged, metering.payer_sources, metering.config
-- why:   a day's cost grows until it has settled, and only a change after that is news to whoever is
--        billed for it. A day that is held back as suspicious has changed nothing. restated_at is when
--        the total that is last was told first. The totals are the platform's own: no tenant sees them.

with asked as (
    select
        cast(? as date) as period_start,
        cast(? as date) as period_end
),

delivered as (
    select
        d.usage_date,
        d.stream,
        d.payer,
        d.scope,
        d.ordered_at,
        d.order_key,
        d.control_usd
    from metering.delivery_days_judged as d
    inner join asked as q on d.usage_date >= q.period_start and d.usage_date < q.period_end
    left join metering.config as c
        on c.config_key = 'settle_hours' and d.usage_date >= c.starts_on and d.usage_date < c.ends_on
    where
        not d.is_suspicious
        and d.ordered_at >= dateadd(
            hour, coalesce(cast(c.value as number(38, 0)), 48), dateadd(day, 1, d.usage_date)
        )
),

billed as (
    select
        d.usage_date,
        'aws' as source,
        d.scope,
        d.ordered_at,
        d.order_key,
        d.control_usd
    from delivered as d
    inner join metering.payer_sources as s
        on d.payer = s.payer and d.usage_date = s.usage_date and d.stream = s.cost_source
    union all
    select
        usage_date,
        'external' as source,
        scope,
        ordered_at,
        order_key,
        control_usd
    from delivered
    where stream = 'external_cost'
),

ends as (
    select
        usage_date,
        source,
        scope,
        ordered_at,
        control_usd,
        first_value(control_usd) over (
            partition by usage_date, source, scope order by order_key
            rows between unbounded preceding and unbounded following
        ) as first_usd,
        last_value(control_usd) over (
            partition by usage_date, source, scope order by order_key
            rows between unbounded preceding and unbounded following
        ) as last_usd
    from billed
),

scopes as (
    select
        usage_date,
        source,
        scope,
        count(*) as delivery_count,
        first_usd,
        last_usd,
        min(iff(control_usd = last_usd, ordered_at, null)) as restated_at
    from ends
    where first_usd <> last_usd
    group by usage_date, source, scope, first_usd, last_usd
)

select
    usage_date,
    source,
    sum(delivery_count) as delivery_count,
    sum(first_usd) as first_usd,
    sum(last_usd) as last_usd,
    max(restated_at) as restated_at
from scopes
group by usage_date, source
order by usage_date, source;
