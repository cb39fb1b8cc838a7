-- metering.tenants: who can use the platform, and from when to when.
--
-- grain:   one row per tenant_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     usage and tags are judged by whether the tenant was known on the day.

create or alter dynamic table metering.tenants
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    id as tenant_id,
    document:name::varchar as name,
    starts_on,
    ends_on
from metering.catalog_documents
where kind = 'tenant';
