-- billing.plans: published plan versions: currency, and whether cost is passed on.
--
-- grain:   one row per plan_id, plan_version
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a published version never changes, so a document can name it for ever.

create or alter dynamic table billing.plans
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    document:id::varchar as plan_id,
    document:version::number(38, 0) as plan_version,
    document:currency::varchar as currency,
    array_size(document:passthrough) > 0 as passthrough
from metering.catalog_documents
where kind = 'plan';
