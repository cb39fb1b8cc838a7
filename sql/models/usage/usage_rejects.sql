-- metering.usage_rejects: usage lines that are not billed, each with its reason.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.usage_judged, metering.usage_repeats, metering.usage_reversals
-- why:     unknown is visible: a line that cannot be billed is listed, so is one that tells another
--          story under a key that counts already, and so is a correction of nothing that counts.

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
    'conflicting_duplicate' as reason
from metering.usage_repeats
where is_conflict
union all
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
    'reversal_unmatched' as reason
from metering.usage_reversals
where part = 'unmatched';
