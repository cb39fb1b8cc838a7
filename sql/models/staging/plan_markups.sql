-- billing.plan_markups: what a plan adds to the cost of a source that it passes on, in percent.
--
-- grain:   one row per plan_id, plan_version, source
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a source without a row is passed on as it is.

create or alter dynamic table billing.plan_markups
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.document:id::varchar as plan_id,
    d.document:version::number(38, 0) as plan_version,
    f.value:source::varchar as source,
    f.value:percent::number(38, 6) as markup_percent
from metering.catalog_documents as d, lateral flatten(input => d.document:markups) as f
where d.kind = 'plan';
