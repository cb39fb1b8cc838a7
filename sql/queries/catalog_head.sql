-- catalog_head: the revision that the catalog stands at; 0 before the first
-- reads: metering.catalog_documents
select coalesce(max(revision), 0) as revision
from metering.catalog_documents;
