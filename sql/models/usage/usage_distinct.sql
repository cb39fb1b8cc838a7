-- metering.usage_distinct: the ids that a distinct metric counted in a month.
--
-- grain:   one row per period_start, tenant_id, metric, counted_id
-- kind:    dynamic table, incremental
-- refresh: append by period_start, tenant_id, metric, counted_id
-- reads:   metering.usage_events
-- why:     an active customer is counted once a month, on however many days and in however many
--          modules.

create or alter dynamic table metering.usage_distinct
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select distinct
    period_start,
    tenant_id,
    metric,
    counted_id
from metering.usage_events
where aggregation = 'distinct';
