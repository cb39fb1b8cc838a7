-- metering.usage_repeats: usage lines that could be billed, but tell again what another line counts.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    dynamic table, incremental
-- refresh: append by tenant_id, source, event_id
-- reads:   metering.usage_judged
-- why:     of several lines with one key the smallest (event time, payload hash) counts, whatever came
--          first; so arrival order decides nothing. Only the others are kept here, which are few. One
--          that tells another story under the key is a conflict.

create or alter dynamic table metering.usage_repeats
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with lines as (
    select
        file_name,
        file_row,
        ordinal,
        tenant_id,
        source,
        event_id,
        module_id,
        metric,
        time_text,
        quantity_text,
        quantity,
        reverses,
        attributes,
        event_time,
        usage_date
    from metering.usage_judged
    where reason is null
),

hashed as (
    select
        file_name,
        file_row,
        ordinal,
        tenant_id,
        source,
        event_id,
        module_id,
        metric,
        time_text,
        quantity_text,
        event_time,
        usage_date,
        sha2(
            concat(
                metric, '|', cast(quantity as varchar), '|', reverses, '|',
                coalesce(to_json(attributes), '')
            ),
            256
        ) as payload_hash
    from lines
),

ranked as (
    select
        file_name,
        file_row,
        ordinal,
        tenant_id,
        source,
        event_id,
        module_id,
        metric,
        time_text,
        quantity_text,
        event_time,
        usage_date,
        payload_hash,
        first_value(event_time) over (
            partition by tenant_id, source, event_id
            order by event_time, payload_hash, file_name, file_row, ordinal
        ) as counted_time,
        first_value(payload_hash) over (
            partition by tenant_id, source, event_id
            order by event_time, payload_hash, file_name, file_row, ordinal
        ) as counted_hash
    from hashed
)

select
    file_name,
    file_row,
    ordinal,
    tenant_id,
    source,
    event_id,
    module_id,
    metric,
    time_text,
    quantity_text,
    usage_date,
    event_time <> counted_time or payload_hash <> counted_hash as is_conflict
from ranked
qualify row_number() over (
    partition by tenant_id, source, event_id
    order by event_time, payload_hash, file_name, file_row, ordinal
) > 1;
