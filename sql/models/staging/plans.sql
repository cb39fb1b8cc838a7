-- billing.plans: published plan versions: currency, whether cost is passed on, the least that a month
-- comes to.
--
-- grain:   one row per plan_id, plan_version
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a published version never changes, so a document can name it for ever. A plan without a
--          minimum has one of zero; one that prorates by the day says `daily`.

create or alter dynamic table billing.plans
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    document:id::varchar as plan_id,
    document:version::number(38, 0) as plan_version,
    document:currency::varchar as currency,
    array_size(document:passthrough) > 0 as passthrough,
    coalesce(try_to_decimal(document:minimum::varchar, 38, 6), 0) as minimum,
    coalesce(document:prorate::varchar, '') as prorate
from metering.catalog_documents
where kind = 'plan';
