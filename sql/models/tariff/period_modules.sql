-- billing.period_modules: the modules that a tenant had active in a period, and on how many days.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.tenant_modules, billing.closed_terms, billing.period_accounts
-- why:     one active day is enough; the fee is owed once, in full where the plan does not prorate. A
--          closed period keeps the modules it was closed with.

create or alter dynamic table billing.period_modules
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with closed as (
    select distinct
        period_start,
        tenant_id
    from billing.closed_terms
    where term = 'tenant'
),

spans as (
    select
        p.period_start,
        m.tenant_id,
        m.module_id,
        datediff(day, greatest(p.period_start, m.starts_on), least(p.period_end, m.ends_on)) as active_days
    from billing.periods as p
    inner join billing.tenant_modules as m
        on p.period_end > m.starts_on and p.period_start < m.ends_on and m.starts_on < m.ends_on
    left join closed as c on p.period_start = c.period_start and m.tenant_id = c.tenant_id
    where c.tenant_id is null
    union all
    select
        m.period_start,
        m.tenant_id,
        m.name as module_id,
        m.place as active_days
    from billing.closed_terms as m
    inner join billing.period_accounts as a
        on m.period_start = a.period_start and m.tenant_id = a.tenant_id and m.account_id = a.account_id
    where m.term = 'module'
)

select
    period_start,
    tenant_id,
    module_id,
    cast(
        least(sum(active_days), datediff(day, period_start, dateadd(month, 1, period_start)))
        as number(38, 0)
    ) as active_days
from spans
group by period_start, tenant_id, module_id;
