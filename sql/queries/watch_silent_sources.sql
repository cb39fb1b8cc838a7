-- watch_silent_sources: days on which a source had no event, against its own weekly habit.
--
-- grain: one row per usage_date, source
-- binds: first_day, last_day
-- reads: metering.usage_sources_daily
-- why:   who had events on a weekday in each of the four weeks before is expected on it again. A source
--        without such a habit is not expected, and is never called silent.

with weekdays as (
    select
        source,
        usage_date,
        event_count,
        mod(datediff(day, cast('1900-01-01' as date), usage_date), 7) as weekday
    from metering.usage_sources_daily
),

weeks as (
    select
        source,
        usage_date,
        cast(dateadd(day, 7, usage_date) as date) as expected_date,
        min(usage_date) over (
            partition by source, weekday order by usage_date rows between 3 preceding and current row
        ) as first_date,
        max(usage_date) over (
            partition by source, weekday order by usage_date rows between current row and 1 following
        ) as next_date,
        min(event_count) over (
            partition by source, weekday order by usage_date rows between 3 preceding and current row
        ) as usual_event_count
    from weekdays
)

select
    expected_date as usage_date,
    cast(dateadd(day, 1, expected_date) as date) as next_day,
    source,
    usual_event_count
from weeks
where
    datediff(day, first_date, usage_date) = 21
    and next_date <> expected_date
    and expected_date between cast(? as date) and cast(? as date)
order by expected_date, source;
