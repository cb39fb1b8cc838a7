-- metering.usage_reversals: corrections, with the event that each corrects, and the events withdrawn.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.usage_firsts, metering.usage_corrected
-- why:     a correction counts on the day of the event that it reverses. Of a sum it may take back a
--          part, but all that names one event never more than the event; everything else can only be
--          withdrawn whole. What matches no event yet is judged again when the event comes.

create or alter dynamic table metering.usage_reversals
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with paired as (
    select
        r.file_name,
        r.file_row,
        r.ordinal,
        r.tenant_id,
        r.source,
        r.event_id,
        r.module_id,
        r.metric,
        r.aggregation,
        r.time_text,
        r.quantity_text,
        r.quantity,
        r.event_time,
        r.usage_date,
        c.event_file_name,
        c.event_file_row,
        c.event_ordinal,
        c.event_time as reversed_event_time,
        c.usage_date as reversed_usage_date,
        c.event_quantity,
        sum(least(r.quantity, 0)) over (
            partition by r.tenant_id, r.source, r.reverses, r.metric
        ) as taken_back
    from metering.usage_firsts as r
    left join metering.usage_corrected as c
        on r.file_name = c.file_name and r.file_row = c.file_row and r.ordinal = c.ordinal
    where r.reverses <> ''
),

judged as (
    select
        file_name,
        file_row,
        ordinal,
        tenant_id,
        source,
        event_id,
        module_id,
        metric,
        aggregation,
        time_text,
        quantity_text,
        quantity,
        event_time,
        usage_date,
        event_file_name,
        event_file_row,
        event_ordinal,
        reversed_event_time,
        reversed_usage_date,
        case
            when event_file_name is null then 'unmatched'
            when aggregation = 'distinct' then 'withdraws'
            when aggregation <> 'sum' then iff(quantity = 0 - event_quantity, 'withdraws', 'unmatched')
            when quantity < 0 and 0 - taken_back <= event_quantity then 'corrects'
            else 'unmatched'
        end as part
    from paired
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
    aggregation,
    time_text,
    quantity_text,
    quantity,
    iff(part = 'unmatched', event_time, reversed_event_time) as event_time,
    iff(part = 'unmatched', usage_date, reversed_usage_date) as usage_date,
    part
from judged
union all
select distinct
    event_file_name as file_name,
    event_file_row as file_row,
    event_ordinal as ordinal,
    tenant_id,
    source,
    '' as event_id,
    module_id,
    metric,
    aggregation,
    '' as time_text,
    '' as quantity_text,
    cast(0 as number(38, 6)) as quantity,
    reversed_event_time as event_time,
    reversed_usage_date as usage_date,
    'withdrawn' as part
from judged
where part = 'withdraws';
