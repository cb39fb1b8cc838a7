-- close_heads: the ids that the tenants of some accounts are billed for by their number.
--
-- grain: one row per account_id, tenant_id, metric, counted_id
-- binds: period_start, first_account, last_account, period_start, period_end
-- reads: metering.usage_distinct, billing.period_accounts
-- why:   the close keeps their number and a hash of the list, and no customer of a tenant by name.

with payers as (
    select
        tenant_id,
        account_id
    from billing.period_accounts
    where
        period_start = cast(? as date)
        and account_id between cast(? as varchar) and cast(? as varchar)
)

select distinct
    p.account_id,
    d.tenant_id,
    d.metric,
    d.counted_id
from metering.usage_distinct as d
inner join payers as p on d.tenant_id = p.tenant_id
where d.usage_date >= cast(? as date) and d.usage_date < cast(? as date)
order by p.account_id, d.tenant_id, d.metric, d.counted_id;
