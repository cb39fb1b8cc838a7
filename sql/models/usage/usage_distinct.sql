-- metering.usage_distinct: the ids that a distinct metric counted, day by day.
--
-- grain:   one row per usage_date, tenant_id, metric, counted_id
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_events
-- why:     an active customer is counted once a month, on however many days and in however many
--          modules; days are what can be refreshed, so the month counts over them.

create or alter dynamic table metering.usage_distinct
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select distinct
    usage_date,
    tenant_id,
    metric,
    counted_id
from metering.usage_events
where aggregation = 'distinct' and not is_withdrawn;
