-- metering.config: settings with their days in force.
--
-- grain:   one row per config_key, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a threshold or a choice that decides money is effective-dated like any other fact.

create or alter dynamic table metering.config
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as config_key,
    f.value:value::varchar as value,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:"values") as f
where d.kind = 'config';
