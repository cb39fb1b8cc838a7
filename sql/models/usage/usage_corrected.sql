-- metering.usage_corrected: which event each correction names.
--
-- grain:   one row per file_name, file_row, ordinal (of the correction)
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.usage_firsts
-- why:     a correction names an event of its own tenant, source and metric. What names none has no row
--          here, until the event comes. An inner join of its own, because Snowflake refreshes no outer
--          join of a table with itself step by step.

create or alter dynamic table metering.usage_corrected
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    r.file_name,
    r.file_row,
    r.ordinal,
    o.file_name as event_file_name,
    o.file_row as event_file_row,
    o.ordinal as event_ordinal,
    o.event_time,
    o.usage_date,
    o.quantity as event_quantity
from metering.usage_firsts as r
inner join metering.usage_firsts as o
    on
        r.tenant_id = o.tenant_id
        and r.source = o.source
        and r.reverses = o.event_id
        and r.metric = o.metric
where r.reverses <> '' and o.reverses = '';
