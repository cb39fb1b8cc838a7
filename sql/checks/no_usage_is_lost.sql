-- no_usage_is_lost: landed = duplicates + rejected + counted, for each landing file.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.landed_usage, metering.usage_judged, metering.usage_events, metering.usage_rejects
-- why:     landed is read from the packs themselves, so an event that any model drops on the way is
--          missed here.

with landed as (
    select
        sum(
            iff(
                coalesce(is_array(record:detail.events), false),
                array_size(record:detail.events),
                1
            )
        ) as line_count
    from metering.landed_usage
),

told_again as (
    select count(*) as line_count
    from metering.usage_judged as j
    inner join metering.usage_events as e
        on
            j.tenant_id = e.tenant_id
            and j.source = e.source
            and j.event_id = e.event_id
            and j.payload_hash = e.payload_hash
    where j.reason is null
),

counted as (
    select count(*) as event_count from metering.usage_events
),

rejected as (
    select count(*) as line_count from metering.usage_rejects
)

select
    coalesce(l.line_count, 0) as landed,
    t.line_count - c.event_count as duplicates,
    r.line_count as rejected,
    c.event_count as counted
from landed as l
cross join told_again as t
cross join counted as c
cross join rejected as r
where coalesce(l.line_count, 0) <> t.line_count + r.line_count;
