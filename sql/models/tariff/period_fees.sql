-- billing.period_fees: the facility fee of each module that a tenant had active in a period.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_modules, billing.period_tiers, billing.plan_fees, billing.plans
-- why:     a module that the card at the period's start lacks takes the first later card of the period
--          that has it. active_days count where that card prorates and the module came or went in the
--          period; the fee is that of month_days.

create or alter dynamic table billing.period_fees
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with fees as (
    select
        m.period_start,
        m.tenant_id,
        m.module_id,
        m.active_days,
        cast(
            datediff(day, m.period_start, dateadd(month, 1, m.period_start)) as number(38, 0)
        ) as month_days,
        t.plan_id,
        t.plan_version,
        t.currency,
        t.card_rank,
        n.prorate,
        f.fee
    from billing.period_modules as m
    inner join billing.period_tiers as t
        on m.period_start = t.period_start and m.tenant_id = t.tenant_id
    inner join billing.plan_fees as f
        on t.plan_id = f.plan_id and t.plan_version = f.plan_version and m.module_id = f.module_id
    inner join billing.plans as n on t.plan_id = n.plan_id and t.plan_version = n.plan_version
)

select
    period_start,
    tenant_id,
    module_id,
    plan_id,
    plan_version,
    currency,
    fee,
    prorate = 'daily' and active_days < month_days as is_daily,
    active_days,
    month_days
from fees
qualify
    row_number() over (
        partition by period_start, tenant_id, module_id order by card_rank
    ) = 1;
