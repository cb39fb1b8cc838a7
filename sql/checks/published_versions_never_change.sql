-- published_versions_never_change: a published plan or rule version reads the same for ever.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.landed_catalog, metering.complete_files
-- why:     documents name these versions; an edit behind their back would change what they were made
--          from.

with texts as (
    select distinct
        c.record:kind::varchar as kind,
        c.record:id::varchar as id,
        concat(
            coalesce(to_json(c.record:document.rates), ''),
            coalesce(to_json(c.record:document.levy), ''),
            coalesce(to_json(c.record:document.facility_fees), ''),
            coalesce(to_json(c.record:document.passthrough), ''),
            coalesce(to_json(c.record:document.currency), ''),
            coalesce(to_json(c.record:document.match), ''),
            coalesce(to_json(c.record:document.metric), ''),
            coalesce(to_json(c.record:document.shares), ''),
            coalesce(to_json(c.record:document.tenants), ''),
            coalesce(to_json(c.record:document.method), ''),
            coalesce(to_json(c.record:document.position), ''),
            coalesce(to_json(c.record:document.starts_on), '')
        ) as version_text
    from metering.landed_catalog as c
    inner join metering.complete_files as f on c.file_name = f.file_name
    where c.record:kind::varchar in ('plan', 'allocation_rule')
)

select
    kind,
    id,
    count(*) as versions
from texts
group by kind, id
having count(*) > 1
order by 1, 2;
