-- metering.metric_units: the other units in which a metric's quantity may be written.
--
-- grain:   one row per metric, unit
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a quantity in another unit is multiplied by the factor, once, before anything is added up.
--          The catalog refuses larger factors, whose products would not fit.

create or alter dynamic table metering.metric_units
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as metric,
    f.value:unit::varchar as unit,
    f.value:factor::number(38, 6) as factor
from metering.catalog_documents as d, lateral flatten(input => d.document:conversions) as f
where d.kind = 'metric' and f.value:factor::number(38, 6) < 100000000000;
