-- billing.period_fees: the facility fee of each module that a tenant had active in a period.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_modules, billing.period_tiers, billing.plan_fees
-- why:     a module that the card at the period's start lacks takes the first later card of the period
--          that has it.

create or alter dynamic table billing.period_fees
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    m.period_start,
    m.tenant_id,
    m.module_id,
    t.plan_id,
    t.plan_version,
    t.currency,
    f.fee
from billing.period_modules as m
inner join billing.period_tiers as t
    on m.period_start = t.period_start and m.tenant_id = t.tenant_id
inner join billing.plan_fees as f
    on t.plan_id = f.plan_id and t.plan_version = f.plan_version and m.module_id = f.module_id
qualify
    row_number() over (
        partition by m.period_start, m.tenant_id, m.module_id order by t.card_rank
    ) = 1;
