-- billing.plan_passthrough: the sources whose cost a plan passes on.
--
-- grain:   one row per plan_id, plan_version, source
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a plan can pass on what AWS charges and yet price Snowflake's credits itself.

create or alter dynamic table billing.plan_passthrough
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.document:id::varchar as plan_id,
    d.document:version::number(38, 0) as plan_version,
    f.value::varchar as source
from metering.catalog_documents as d, lateral flatten(input => d.document:passthrough) as f
where d.kind = 'plan';
