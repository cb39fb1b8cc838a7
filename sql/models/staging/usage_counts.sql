-- metering.usage_counts: how far each producer says that it has counted, flush by flush.
--
-- grain:   one row per file_name, file_row
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.landed_usage_counts
-- why:     told by the producer's log, before it sends; so what never came is known although no later
--          event tells of it. A line that tells nothing of this kind is none.

create or alter dynamic table metering.usage_counts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with texts as (
    select
        file_name,
        file_row,
        record:producer::varchar as producer,
        record:source::varchar as source,
        record:last_sequence::varchar as last_text,
        record:recorded_at::varchar as time_text
    from metering.landed_usage_counts
)

select
    file_name,
    file_row,
    producer,
    coalesce(source, '') as source,
    try_to_decimal(last_text, 15, 0) as last_sequence,
    try_cast(left(replace(time_text, 'Z', ''), 26) as timestamp_ntz(6)) as recorded_at
from texts
where producer <> '' and regexp_like(last_text, '[0-9]{1,15}');
