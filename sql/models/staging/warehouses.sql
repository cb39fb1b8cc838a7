-- metering.warehouses: whom the catalog names for a Snowflake warehouse.
--
-- grain:   one row per warehouse_name
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a dedicated warehouse is its tenant's one to one; of a shared one, `otherwise` owns the queries
--          that nothing else names an owner for.

create or alter dynamic table metering.warehouses
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    id as warehouse_name,
    document:dedicated_to::varchar as dedicated_to,
    document:otherwise::varchar as otherwise,
    starts_on,
    ends_on
from metering.catalog_documents
where kind = 'warehouse';
