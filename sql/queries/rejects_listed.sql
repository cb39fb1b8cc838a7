-- rejects_listed: every line of usage that is not billed, with what it says and why.
--
-- grain: one row per file_name, file_row, ordinal
-- reads: metering.usage_rejects, metering.usage_lines

select
    r.file_name,
    r.file_row,
    r.ordinal,
    r.reason,
    r.tenant_id,
    r.source,
    r.event_id,
    r.metric,
    r.time_text,
    r.quantity_text,
    l.unit
from metering.usage_rejects as r
inner join metering.usage_lines as l
    on r.file_name = l.file_name and r.file_row = l.file_row and r.ordinal = l.ordinal
order by r.reason, r.file_name, r.file_row, r.ordinal;
