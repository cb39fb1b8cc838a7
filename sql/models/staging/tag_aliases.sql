-- metering.tag_aliases: what a raw tag value stands for.
--
-- grain:   one row per alias_id, tag, raw_value
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     tags are typed by people: BaseLoad, Base Load and Base can be one owner.

create or alter dynamic table metering.tag_aliases
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as alias_id,
    d.document:tag::varchar as tag,
    f.value:raw::varchar as raw_value,
    f.value:value::varchar as canonical_value,
    d.starts_on,
    d.ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:aliases) as f
where d.kind = 'tag_aliases';
