-- billing.period_tiers: the cards of a tenant in a period, in order.
--
-- grain:   one row per period_start, tenant_id, card_rank
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.tenant_tiers, billing.plans, billing.closed_terms,
--          billing.period_accounts
-- why:     the card at the period's start is rank 1 and holds for the whole period; a newcomer's is the
--          one on its first day. Later cards only fill in what it lacks. covered_days are those of the
--          period on which the tenant has the card. A closed period keeps the cards it was closed with.

create or alter dynamic table billing.period_tiers
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

cards as (
    select
        period_start,
        account_id,
        tenant_id,
        name as plan_id,
        version as plan_version,
        place as card_rank,
        amount as covered_days
    from billing.closed_terms
    where term = 'card'
)

select
    p.period_start,
    t.tenant_id,
    t.plan_id,
    t.plan_version,
    n.currency,
    n.passthrough,
    cast(
        row_number() over (
            partition by p.period_start, t.tenant_id order by t.starts_on, t.plan_id, t.plan_version
        ) as number(38, 0)
    ) as card_rank,
    cast(
        datediff(day, greatest(p.period_start, t.starts_on), least(p.period_end, t.ends_on))
        as number(38, 0)
    ) as covered_days
from billing.periods as p
inner join billing.tenant_tiers as t
    on p.period_end > t.starts_on and p.period_start < t.ends_on and t.starts_on < t.ends_on
inner join billing.plans as n on t.plan_id = n.plan_id and t.plan_version = n.plan_version
left join closed as c on p.period_start = c.period_start and t.tenant_id = c.tenant_id
where c.tenant_id is null
union all
select
    k.period_start,
    k.tenant_id,
    k.plan_id,
    k.plan_version,
    n.currency,
    n.passthrough,
    k.card_rank,
    cast(k.covered_days as number(38, 0)) as covered_days
from cards as k
inner join billing.period_accounts as a
    on k.period_start = a.period_start and k.tenant_id = a.tenant_id and k.account_id = a.account_id
inner join billing.plans as n on k.plan_id = n.plan_id and k.plan_version = n.plan_version;
