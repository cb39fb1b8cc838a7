-- metering.usage_gaps: events that a producer has recorded and that have not arrived.
--
-- grain:   one row per producer, first_sequence
-- kind:    dynamic table, incremental
-- refresh: parts by producer
-- reads:   metering.usage_runs, metering.usage_counts, metering.numbers
-- why:     a missing number is a lost event until it comes. Seen by a later number, or, behind the last
--          one that came, by the producer's own count. Each missing event is a row; of more than 1,000
--          in a row there is one row with their count, so that a producer gone wild cannot fill the book.

create or alter dynamic table metering.usage_gaps
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
with ordered as (
    select
        producer,
        source,
        first_sequence,
        last_sequence,
        first_time,
        coalesce(
            max(last_sequence) over (
                partition by producer
                order by first_sequence, last_sequence, first_time, source
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as arrived_before
    from metering.usage_runs
),

numbered as (
    select
        producer,
        source,
        first_sequence,
        last_sequence,
        first_time,
        arrived_before,
        sum(iff(first_sequence > arrived_before + 1, 1, 0)) over (
            partition by producer
            order by first_sequence, last_sequence, first_time, source
            rows between unbounded preceding and current row
        ) as island
    from ordered
),

arrived as (
    select
        producer,
        max(last_sequence) as last_sequence
    from metering.usage_runs
    group by producer
),

runs as (
    select
        producer,
        min(source) as source,
        max(iff(first_sequence > arrived_before + 1, arrived_before + 1, 0)) as run_first,
        min(first_sequence) - 1 as run_last,
        'sequence' as seen_by,
        min(first_time) as after_time
    from numbered
    where island > 0
    group by producer, island
    union all
    select
        c.producer,
        min(c.source) as source,
        coalesce(a.last_sequence, 0) + 1 as run_first,
        max(c.last_sequence) as run_last,
        'count' as seen_by,
        min(c.recorded_at) as after_time
    from metering.usage_counts as c
    left join arrived as a on c.producer = a.producer
    where c.last_sequence > coalesce(a.last_sequence, 0)
    group by c.producer, a.last_sequence
)

select
    r.producer,
    r.source,
    r.run_first + n.n as first_sequence,
    iff(r.run_last - r.run_first < 1000, r.run_first + n.n, r.run_last) as last_sequence,
    iff(r.run_last - r.run_first < 1000, 1, r.run_last - r.run_first + 1) as event_count,
    r.run_first,
    r.run_last,
    r.seen_by,
    r.after_time
from runs as r
inner join metering.numbers as n
    on n.n <= r.run_last - r.run_first and (r.run_last - r.run_first < 1000 and n.n < 1000 or n.n = 0);
