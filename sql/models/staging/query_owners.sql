-- metering.query_owners: whose queries carry a tag, or run in a role or as a user.
--
-- grain:   one row per owners_id, claim, value
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     one warehouse serves many; who caused a query is told by what it carries.

create or alter dynamic table metering.query_owners
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as owners_id,
    d.document:by::varchar as claim,
    f.value:value::varchar as value,
    f.value:owner::varchar as owner,
    d.starts_on,
    d.ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:owners) as f
where d.kind = 'query_owners';
