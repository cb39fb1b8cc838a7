-- webhooks: the addresses outside that events go out to, with the days on which they do.
--
-- grain: one row per id
-- reads: metering.catalog_documents

select
    id,
    document
from metering.catalog_documents
where
    kind = 'webhook'
    and starts_on < ends_on
order by id;
