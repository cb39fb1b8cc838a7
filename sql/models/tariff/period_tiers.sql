-- billing.period_tiers: the cards of a tenant in a period, in order.
--
-- grain:   one row per period_start, tenant_id, card_rank
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.tenant_tiers, billing.plans
-- why:     the card at the period's start is rank 1 and holds for the whole period; a newcomer's is the
--          one on its first day. Later cards only fill in what it lacks.

create or alter dynamic table billing.period_tiers
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    p.period_start,
    t.tenant_id,
    t.plan_id,
    t.plan_version,
    n.currency,
    n.passthrough,
    row_number() over (
        partition by p.period_start, t.tenant_id order by t.starts_on, t.plan_id, t.plan_version
    ) as card_rank
from billing.periods as p
inner join billing.tenant_tiers as t
    on p.period_end > t.starts_on and p.period_start < t.ends_on and t.starts_on < t.ends_on
inner join billing.plans as n on t.plan_id = n.plan_id and t.plan_version = n.plan_version;
