-- unattributed_accounts: whose cost each account holds; '' is a pool, or what the operator keeps.
--
-- grain: one row per source, account, tenant_id
-- reads: metering.ruled_cost_daily
-- why:   an account that is one tenant's and nobody else's tells whose its untagged cost is.

select distinct
    source,
    account,
    iff(method = 'tag', tenant_id, '') as tenant_id
from metering.ruled_cost_daily
where method <> 'none' and account <> ''
order by source, account, tenant_id;
