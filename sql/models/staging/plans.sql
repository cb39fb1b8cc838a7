-- billing.plans: published plan versions: currency, levy, passthrough.
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
    document:passthrough::boolean as passthrough,
    coalesce(document:levy.metric::varchar, '') as levy_metric,
    document:levy.unit_price::number(38, 6) as levy_unit_price,
    document:levy.unit_size::number(38, 0) as levy_unit_size
from metering.catalog_documents
where kind = 'plan';
