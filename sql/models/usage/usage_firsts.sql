-- metering.usage_firsts: the one line that counts for each key, reversals among them.
--
-- grain:   one row per tenant_id, source, event_id
-- kind:    view
-- reads:   metering.usage_judged, metering.usage_repeats
-- why:     what repeats is known line by line, so the rest is each event once, without a second copy.

create or replace view metering.usage_firsts
as
select
    j.file_name,
    j.file_row,
    j.ordinal,
    j.tenant_id,
    j.source,
    j.event_id,
    j.module_id,
    j.metric,
    j.aggregation,
    j.counted_id,
    j.time_text,
    j.quantity_text,
    j.quantity,
    j.reverses,
    j.event_time,
    j.usage_date
from metering.usage_judged as j
left join metering.usage_repeats as r
    on j.file_name = r.file_name and j.file_row = r.file_row and j.ordinal = r.ordinal
where j.reason is null and r.file_name is null;
