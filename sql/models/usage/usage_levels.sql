-- metering.usage_levels: events that say how much there is, not how much more.
--
-- grain:   one row per tenant_id, source, event_id
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.usage_events
-- why:     the last value and the level held depend on the order of events in time. They are few, and
--          kept apart, so that sums never wait for a sort.

create or alter dynamic table metering.usage_levels
target_lag = downstream
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
    aggregation,
    quantity,
    event_time,
    usage_date,
    is_withdrawn
from metering.usage_events
where aggregation in ('latest', 'time_weighted');
