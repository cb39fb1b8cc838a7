-- metering.delivery_files: the files that closing records name, and whether they are here whole.
--
-- grain:   one row per stream, delivery_id, file_name
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_records, metering.landed_files
-- why:     a delivery with a file missing or cut short must never decide a bill.

create or alter dynamic table metering.delivery_files
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with named as (
    select
        r.stream,
        r.delivery_id,
        f.value:file_name::varchar as file_name,
        f.value:row_count::number(38, 0) as expected_rows
    from metering.delivery_records as r, lateral flatten(input => r.files) as f
)

select
    n.stream,
    n.delivery_id,
    n.file_name,
    n.expected_rows,
    coalesce(l.landed_rows, 0) as landed_rows,
    coalesce(l.landed_rows, 0) = n.expected_rows as is_whole
from named as n
left join metering.landed_files as l on n.file_name = l.file_name;
