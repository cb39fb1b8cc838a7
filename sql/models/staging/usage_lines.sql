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
        try_to_decimal(l.record:detail.count::varchar, 15, 0) as pack_count,
        coalesce(f.index, 0) as ordinal,
        coalesce(f.value:id::varchar, '') as event_id,
        coalesce(f.value:source::varchar, '') as source,
        coalesce(f.value:subject::varchar, '') as tenant_id,
        coalesce(f.value:type::varchar, '') as metric,
        coalesce(f.value:time::varchar, '') as time_text,
        coalesce(f.value:specversion::varchar, '1.0') as spec_version,
        coalesce(f.value:dataschema::varchar, '') as data_schema,
        coalesce(f.value:producer::varchar, l.record:detail.producer::varchar, '') as producer,
        coalesce(f.value:sequence::varchar, '') as sequence_text,
        f.value:data.quantity::varchar as quantity_text,
        coalesce(f.value:data.unit::varchar, '') as unit,
        coalesce(f.value:data.reverses::varchar, '') as reverses,
        f.value:data.attributes as attributes,
        l.record:time::varchar as envelope_text
    from
        metering.landed_usage as l,
        lateral flatten(input => l.record:detail.events, outer => true, mode => 'array') as f
),

timed as (
    select
        file_name,
        file_row,
        ordinal,
        event_id,
        source,
        tenant_id,
        metric,
        time_text,
        spec_version,
        data_schema,
        producer,
        sequence_text,
        quantity_text,
        unit,
        reverses,
        attributes,
        try_cast(
            left(replace(replace(replace(time_text, 'Z', ''), '+00:00', ''), '+0000', ''), 26)
            as timestamp_ntz(6)
        ) as clock_time,
        regexp_like(
            time_text,
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
            || '([.][0-9]{1,9})?(Z|[+]00:?00)'
        ) as is_utc,
        try_cast(left(replace(envelope_text, 'Z', ''), 26) as timestamp_ntz(6)) as envelope_time,
        pack_count
    from packed
),

judged as (
    select
        file_name,
        file_row,
        ordinal,
        event_id,
        source,
        tenant_id,
        metric,
        time_text,
        producer,
        sequence_text,
        quantity_text,
        unit,
        reverses,
        attributes,
        iff(is_utc, clock_time, null) as event_time,
        pack_count,
        case
            when event_id = '' or metric = '' then 'malformed'
            when not regexp_like(source, '/[A-Za-z0-9][A-Za-z0-9._:-]{0,127}/.+') then 'malformed'
            when spec_version <> '1.0' or data_schema not in ('', 'usage_recorded.v1')
                then 'schema_version_unknown'
            when tenant_id = '' then 'tenant_missing'
            when not is_utc
                then iff(
                    regexp_like(
                        time_text,
                        '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
                        || '([.][0-9]{1,9})?([+-][0-9]{2}:?[0-9]{2})?'
                    ),
                    'time_not_utc',
                    'time_unreadable'
                )
            when clock_time is null then 'time_unreadable'
            when clock_time > dateadd(minute, 15, envelope_time) then 'from_the_future'
            when quantity_text is null then null
            when regexp_like(quantity_text, '[+]?0*[0-9]{1,14}([.][0-9]{1,6})?') then null
            when not regexp_like(quantity_text, '[+-]?[0-9]+([.][0-9]+)?')
                then 'quantity_not_a_number'
            when regexp_like(quantity_text, '.*[.][0-9]{7,}') then 'quantity_too_fine'
            when not regexp_like(quantity_text, '[+-]?0*[0-9]{1,14}([.][0-9]+)?')
                then 'quantity_out_of_range'
            when reverses = '' and regexp_like(quantity_text, '-[0.]*[1-9].*')
                then 'negative_without_reversal'
        end as reason
    from timed
)

select
    file_name,
    file_row,
    ordinal,
    pack_count,
    event_id,
    source,
    split_part(source, '/', 2) as module_id,
    tenant_id,
    metric,
    time_text,
    quantity_text,
    unit,
    reverses,
    attributes,
    producer,
    iff(regexp_like(sequence_text, '[0-9]{1,15}'), try_to_decimal(sequence_text, 15, 0), null) as sequence,
    reason,
    event_time,
    iff(reason is null, cast(event_time as date), null) as usage_date
from judged;
