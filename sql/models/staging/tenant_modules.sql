-- billing.tenant_modules: which tenant has which module, and when.
--
-- grain:   one row per tenant_id, module_id, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a module active on any day of a period owes its facility fee.

create or alter dynamic table billing.tenant_modules
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as tenant_id,
    f.value:module_id::varchar as module_id,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:modules) as f
where d.kind = 'tenant';
