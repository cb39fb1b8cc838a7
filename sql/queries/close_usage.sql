-- close_usage: what the tenants of some accounts used in a period, day by day.
--
-- grain: one row per account_id, usage_date, tenant_id, module_id, metric
-- binds: period_start, first_account, last_account, period_start, period_end
-- reads: billing.period_lines, metering.usage_daily
-- why:   frozen beside the lines, so that a quantity can be followed to its days for ever.

with payers as (
    select distinct
        account_id,
        tenant_id
    from billing.period_lines
    where
        period_start = cast(? as date)
        and account_id between cast(? as varchar) and cast(? as varchar)
)

select
    p.account_id,
    u.usage_date,
    u.tenant_id,
    u.module_id,
    u.metric,
    sum(u.quantity) as quantity
from metering.usage_daily as u
inner join payers as p on u.tenant_id = p.tenant_id
where u.usage_date >= cast(? as date) and u.usage_date < cast(? as date)
group by p.account_id, u.usage_date, u.tenant_id, u.module_id, u.metric
order by p.account_id, u.usage_date, u.tenant_id, u.module_id, u.metric;
