-- close_quantities: what the tenants of some accounts used of each metric in a period, as it is billed.
--
-- grain: one row per account_id, tenant_id, metric
-- binds: period_start, first_account, last_account
-- reads: billing.period_usage, billing.period_accounts
-- why:   frozen beside the days: of a peak, a last value or a head-count the month is not the days' sum.

select
    a.account_id,
    u.tenant_id,
    u.metric,
    u.visibility,
    u.quantity
from billing.period_usage as u
inner join billing.period_accounts as a
    on u.period_start = a.period_start and u.tenant_id = a.tenant_id
where
    u.period_start = cast(? as date)
    and a.account_id between cast(? as varchar) and cast(? as varchar)
order by a.account_id, u.tenant_id, u.metric;
