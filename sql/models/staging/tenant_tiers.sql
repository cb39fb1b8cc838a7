-- billing.tenant_tiers: which tenant is on which plan version, and when.
--
-- grain:   one row per tenant_id, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a subscription is a timeline; overlapping entries are refused at the door.

create or alter dynamic table billing.tenant_tiers
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as tenant_id,
    f.value:plan_id::varchar as plan_id,
    f.value:plan_version::number(38, 0) as plan_version,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:subscriptions) as f
where d.kind = 'tenant';
