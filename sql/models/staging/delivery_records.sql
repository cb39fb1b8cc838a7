-- metering.delivery_records: closing records, typed, each once.
--
-- grain:   one row per record_name (one delivery)
-- kind:    dynamic table, incremental
-- refresh: append by record_name
-- reads:   metering.deliveries
-- why:     order_key is a delivery's place in order: its start or manifest time, ties by id. Load time
--          plays no part.

create or alter dynamic table metering.delivery_records
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with typed as (
    select
        file_name as record_name,
        file_row,
        record:stream::varchar as stream,
        record:delivery_id::varchar as delivery_id,
        record:family::varchar as family,
        record:scope::varchar as scope,
        record:payer::varchar as payer,
        cast(left(record:ordered_at::varchar, 26) as timestamp_ntz(6)) as ordered_at,
        concat(record:ordered_at::varchar, ' ', record:delivery_id::varchar) as order_key,
        record:replaces::boolean as replaces,
        record:files as files,
        record:days as days
    from metering.deliveries
)

select
    record_name,
    stream,
    delivery_id,
    family,
    scope,
    payer,
    ordered_at,
    order_key,
    replaces,
    files,
    days
from typed
qualify row_number() over (partition by record_name order by file_row) = 1;
