-- close_documents: the commercial set-up as it is known now, each document with its revision.
--
-- grain: one row per kind, id
-- reads: metering.catalog_documents

select
    kind,
    id,
    revision,
    document
from metering.catalog_documents
order by kind, id;
