-- metering.usage_lines: landed usage events, typed once; the only reader of the event JSON.
--
-- grain:   one row per file_name, file_row, ordinal (an event's place in its pack)
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.landed_usage
-- why:     what can be judged from the line alone is judged here, as text before it is cast: an engine
--          may accept 1_000, round surplus digits or ignore an offset. From
--          the future means more than 15 minutes after the envelope's time. Nothing is dropped: a record
--          that is no pack of events is one malformed line.

create or alter dynamic table metering.usage_lines
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with packed as (
    select
        l.file_name,
        l.file_row,
        f.index as ordinal,
        f.value:id::varchar as event_id,
        f.value:source::varchar as source,
        f.value:subject::varchar as tenant_id,
        f.value:type::varchar as metric,
        f.value:time::varchar as time_text,
        f.value:data.quantity::varchar as quantity_text,
        f.value:data.unit::varchar as unit,
        f.value:data.attributes as attributes,
        l.record:time::varchar as envelope_text
    from metering.landed_usage as l, lateral flatten(input => l.record:detail.events) as f
    union all
    select
        file_name,
        file_row,
        0 as ordinal,
        cast(null as varchar) as event_id,
        cast(null as varchar) as source,
        cast(null as varchar) as tenant_id,
        cast(null as varchar) as metric,
        cast(null as varchar) as time_text,
        cast(null as varchar) as quantity_text,
        cast(null as varchar) as unit,
        cast(null as variant) as attributes,
        cast(null as varchar) as envelope_text
    from metering.landed_usage
    where not coalesce(is_array(record:detail.events), false)
),

texts as (
    select
        file_name,
        file_row,
        ordinal,
        coalesce(event_id, '') as event_id,
        coalesce(source, '') as source,
        split_part(coalesce(source, ''), '/', 2) as module_id,
        coalesce(tenant_id, '') as tenant_id,
        coalesce(metric, '') as metric,
        coalesce(time_text, '') as time_text,
        replace(replace(replace(coalesce(time_text, ''), 'Z', ''), '+00:00', ''), '+0000', '')
            as clock_text,
        quantity_text,
        coalesce(unit, '') as unit,
        attributes,
        try_cast(left(replace(envelope_text, 'Z', ''), 26) as timestamp_ntz(6)) as envelope_time
    from packed
),

judged as (
    select
        file_name,
        file_row,
        ordinal,
        event_id,
        source,
        module_id,
        tenant_id,
        metric,
        time_text,
        quantity_text,
        unit,
        attributes,
        try_cast(left(clock_text, 26) as timestamp_ntz(6)) as clock_time,
        case
            when event_id = '' or metric = '' then 'malformed'
            when not regexp_like(source, '/[A-Za-z0-9][A-Za-z0-9._:-]{0,127}/.+') then 'malformed'
            when tenant_id = '' then 'tenant_missing'
            when
                not regexp_like(
                    time_text,
                    '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
                    || '([.][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?'
                ) then 'time_unreadable'
            when not regexp_like(time_text, '.*(Z|[+]00:?00)') then 'time_not_utc'
            when try_cast(left(clock_text, 26) as timestamp_ntz(6)) is null then 'time_unreadable'
            when
                try_cast(left(clock_text, 26) as timestamp_ntz(6))
                > dateadd(minute, 15, envelope_time) then 'from_the_future'
            when quantity_text is null then null
            when not regexp_like(quantity_text, '[+-]?[0-9]+([.][0-9]+)?')
                then 'quantity_not_a_number'
            when regexp_like(quantity_text, '.*[.][0-9]{7,}') then 'quantity_too_fine'
            when not regexp_like(quantity_text, '[+-]?0*[0-9]{1,14}([.][0-9]+)?')
                then 'quantity_out_of_range'
            when regexp_like(quantity_text, '-[0.]*[1-9].*') then 'negative_without_reversal'
        end as reason
    from texts
)

select
    file_name,
    file_row,
    ordinal,
    event_id,
    source,
    module_id,
    tenant_id,
    metric,
    time_text,
    quantity_text,
    unit,
    attributes,
    reason,
    iff(reason is null, clock_time, null) as event_time,
    iff(reason is null, cast(clock_time as date), null) as usage_date,
    iff(reason is null, try_to_decimal(quantity_text, 38, 6), null) as quantity,
    sha2(
        concat(
            module_id, '|', metric, '|', coalesce(quantity_text, ''), '|', unit, '|', time_text, '|',
            coalesce(to_json(attributes), '')
        ),
        256
    ) as payload_hash
from judged;
