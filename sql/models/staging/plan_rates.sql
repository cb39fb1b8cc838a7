-- billing.plan_rates: the price of each metric on a plan version, as a levy or for what is used.
--
-- grain:   one row per plan_id, plan_version, metric
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a price holds for unit_size units beyond what is included. A levy is a price like any other,
--          for each customer that was active in the month, with nothing included. Graduated and volume
--          prices stand in plan_rate_tiers.

create or alter dynamic table billing.plan_rates
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.document:id::varchar as plan_id,
    d.document:version::number(38, 0) as plan_version,
    f.value:metric::varchar as metric,
    'variable' as kind,
    coalesce(f.value:pricing::varchar, 'flat') as pricing,
    f.value:included::number(38, 6) as included_quantity,
    f.value:unit_price::number(38, 6) as unit_price,
    f.value:unit_size::number(38, 0) as unit_size
from metering.catalog_documents as d, lateral flatten(input => d.document:rates) as f
where d.kind = 'plan'
union all
select
    document:id::varchar as plan_id,
    document:version::number(38, 0) as plan_version,
    document:levy.metric::varchar as metric,
    'levy' as kind,
    'flat' as pricing,
    cast(0 as number(38, 6)) as included_quantity,
    document:levy.unit_price::number(38, 6) as unit_price,
    document:levy.unit_size::number(38, 0) as unit_size
from metering.catalog_documents
where kind = 'plan' and document:levy.metric::varchar is not null;
