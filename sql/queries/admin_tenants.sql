-- admin_tenants: who is a tenant, on which plan, and who pays for it, on a day.
--
-- grain: one row per tenant_id
-- binds: day
-- reads: metering.tenants, billing.tenant_tiers, billing.account_links
-- why:   a tenant that has left or is still to come is in it, too, with the state that says so.

with asked as (
    select cast(? as date) as today
)

select
    t.tenant_id,
    t.name,
    t.starts_on,
    t.ends_on,
    case
        when a.today < t.starts_on then 'to come'
        when a.today >= t.ends_on then 'left'
        else 'active'
    end as state,
    coalesce(p.plan_id, '') as plan_id,
    p.plan_version,
    coalesce(l.account_id, '') as account_id
from metering.tenants as t
cross join asked as a
left join billing.tenant_tiers as p
    on t.tenant_id = p.tenant_id and a.today >= p.starts_on and a.today < p.ends_on
left join billing.account_links as l
    on t.tenant_id = l.tenant_id and a.today >= l.starts_on and a.today < l.ends_on
order by t.tenant_id;
