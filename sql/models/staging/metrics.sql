-- metering.metrics: what can be counted.
--
-- grain:   one row per metric
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a changed definition is a new metric, so a metric has one row for ever.

create or alter dynamic table metering.metrics
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    id as metric,
    document:unit::varchar as unit,
    document:aggregation::varchar as aggregation,
    document:counts::varchar as counted_attribute,
    document:visibility::varchar as visibility,
    starts_on,
    ends_on
from metering.catalog_documents
where kind = 'metric';
