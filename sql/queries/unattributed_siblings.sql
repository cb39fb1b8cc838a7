-- unattributed_siblings: whose tags the resources carry that have also been without an owner.
--
-- grain: one row per source, account, resource, tenant_id
-- reads: metering.tagged_cost_daily, metering.cost_lines, metering.cost_files
-- why:   a resource that forgot its tag for a day still belongs to whom it belonged before.

with carried as (
    select distinct
        t.source,
        l.account,
        l.resource_id as resource,
        t.tenant_id
    from metering.cost_lines as l
    inner join metering.cost_files as f
        on l.usage_date = f.usage_date and l.file_name = f.file_name
    inner join metering.tagged_cost_daily as t
        on
            l.usage_date = t.usage_date
            and iff(l.cost_source = 'external_cost', 'external', 'aws') = t.source
            and f.payer = t.payer
            and l.owner_tag = t.owner_tag
            and l.module_tag = t.module_tag
            and l.service = t.service
            and l.account = t.account
            and l.currency = t.currency
    where l.resource_id <> ''
)

select
    c.source,
    c.account,
    c.resource,
    c.tenant_id
from carried as c
inner join carried as u
    on c.source = u.source and c.account = u.account and c.resource = u.resource
where c.tenant_id <> '' and u.tenant_id = ''
order by c.source, c.account, c.resource, c.tenant_id;
