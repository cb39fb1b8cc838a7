-- external_providers: the providers whose costs are fetched, with the days on which they are in force.
--
-- grain: one row per id
-- binds: end_day, first_day
-- reads: metering.catalog_documents

select
    id,
    starts_on,
    ends_on,
    document
from metering.catalog_documents
where
    kind = 'external_provider'
    and starts_on < cast(? as date)
    and ends_on > cast(? as date)
    and starts_on < ends_on
order by id;
