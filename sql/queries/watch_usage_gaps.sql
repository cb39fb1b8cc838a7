-- watch_usage_gaps: runs of numbers that are missing of a producer and no longer on their way.
--
-- grain: one row per producer, first_sequence
-- binds: settled_before
-- reads: metering.usage_gaps
-- why:   a run is told of as one, however many of its numbers are missing. One that is shown by an event
--        whose time cannot be read is not waited for.

select
    producer,
    source,
    run_first as first_sequence,
    run_last as last_sequence,
    run_last - run_first + 1 as event_count,
    seen_by,
    after_time
from metering.usage_gaps
where first_sequence = run_first and coalesce(after_time < cast(? as timestamp_ntz), true)
order by producer, run_first;
