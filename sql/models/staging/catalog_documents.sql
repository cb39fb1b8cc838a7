-- metering.catalog_documents: the commercial set-up as it is known now: the latest version of each
-- document.
--
-- grain:   one row per kind, id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.landed_catalog, metering.complete_files
-- why:     a document carries its own dates; a removal is a last version whose ends_on is set, never a
--          missing row.

create or alter dynamic table metering.catalog_documents
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with versions as (
    select
        c.record:kind::varchar as kind,
        c.record:id::varchar as id,
        c.record:revision::number(38, 0) as revision,
        c.record:removed::boolean as removed,
        c.record:document as document
    from metering.landed_catalog as c
    inner join metering.complete_files as f on c.file_name = f.file_name
)

select
    kind,
    id,
    revision,
    removed,
    document:starts_on::date as starts_on,
    document:ends_on::date as ends_on,
    document
from versions
qualify row_number() over (partition by kind, id order by revision desc) = 1;
