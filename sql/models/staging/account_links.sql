-- billing.account_links: which account pays for which tenant, and when.
--
-- grain:   one row per account_id, tenant_id, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     the account at the period's start pays for the whole period.

create or alter dynamic table billing.account_links
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as account_id,
    f.value:tenant_id::varchar as tenant_id,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:tenants) as f
where d.kind = 'account';
