-- unattributed_accounts: whose cost each account holds; '' is what is shared, or what the operator keeps.
--
-- grain: one row per source, account, tenant_id
-- reads: metering.ruled_cost_daily, metering.rule_owners
-- why:   an account that is one tenant's and nobody else's tells whose its untagged cost is. A rule that
--        gives all of a cost to one tenant is as good as a tag.

select distinct
    r.source,
    r.account,
    iff(r.method = 'tag', r.tenant_id, coalesce(o.tenant_id, '')) as tenant_id
from metering.ruled_cost_daily as r
left join metering.rule_owners as o
    on
        r.rule_id = o.rule_id
        and r.rule_version = o.rule_version
        and r.method = 'fixed_share'
        and o.share = 1
where r.method <> 'none' and r.account <> ''
order by 1, 2, 3;
