-- catalog_documents: every document of the catalog, its latest revision last
-- reads: metering.catalog_documents
select
    kind,
    id,
    revision,
    removed,
    document
from metering.catalog_documents
order by kind, id, revision;
