-- admin_names: what tenants, modules and accounts are called.
--
-- grain: one row per kind, id
-- reads: metering.catalog_documents

select
    kind,
    id,
    document:name::varchar as name
from metering.catalog_documents
where kind in ('account', 'module', 'tenant')
order by kind, id;
