-- metering.usage_runs: the numbers that have arrived of each producer, in runs without a gap.
--
-- grain:   one row per file_name, file_row, producer, first_sequence
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.usage_lines
-- why:     a producer numbers all that it records, and packs it in that order. In a pack, number minus
--          place is the same for a whole run, so a pack is a row here and not its 250 events. Where a
--          run has holes all the same, each of its numbers stands alone.

create or alter dynamic table metering.usage_runs
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with runs as (
    select
        file_name,
        file_row,
        producer,
        source,
        sequence - ordinal as distance,
        min(sequence) as first_sequence,
        max(sequence) as last_sequence,
        count(*) as event_count,
        min(event_time) as first_time
    from metering.usage_lines
    where producer <> '' and sequence is not null
    group by file_name, file_row, producer, source, sequence - ordinal
)

select
    file_name,
    file_row,
    producer,
    source,
    first_sequence,
    last_sequence,
    first_time
from runs
where event_count = last_sequence - first_sequence + 1
union all
select distinct
    l.file_name,
    l.file_row,
    l.producer,
    l.source,
    l.sequence as first_sequence,
    l.sequence as last_sequence,
    l.event_time as first_time
from runs as r
inner join metering.usage_lines as l
    on
        r.file_name = l.file_name
        and r.file_row = l.file_row
        and r.producer = l.producer
        and r.source = l.source
        and r.distance = l.sequence - l.ordinal
where r.event_count < r.last_sequence - r.first_sequence + 1;
