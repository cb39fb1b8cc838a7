-- metering.usage_rejects: usage lines that are not billed, each with its reason.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    dynamic table, incremental
-- refresh: append by tenant_id, source, event_id
-- reads:   metering.usage_judged, metering.usage_events
-- why:     unknown is visible: a line that cannot be billed is listed, and so is one that tells another
--          story under a key that counts already.

create or alter dynamic table metering.usage_rejects
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
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
    reason
from metering.usage_judged
where reason is not null
union all
select
    j.file_name,
    j.file_row,
    j.ordinal,
    j.tenant_id,
    j.source,
    j.event_id,
    j.module_id,
    j.metric,
    j.time_text,
    j.quantity_text,
    'conflicting_duplicate' as reason
from metering.usage_judged as j
inner join metering.usage_events as e
    on j.tenant_id = e.tenant_id and j.source = e.source and j.event_id = e.event_id
where j.reason is null and j.payload_hash <> e.payload_hash;
