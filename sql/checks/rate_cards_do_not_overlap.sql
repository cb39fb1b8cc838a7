-- rate_cards_do_not_overlap: a tenant has one plan version on a day.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.tenant_tiers
-- why:     with two cards in force the price would be a matter of order.

select
    a.tenant_id,
    a.plan_id,
    a.plan_version,
    b.plan_id as other_plan_id,
    b.plan_version as other_plan_version,
    greatest(a.starts_on, b.starts_on) as from_day
from billing.tenant_tiers as a
inner join billing.tenant_tiers as b
    on a.tenant_id = b.tenant_id and a.starts_on < b.ends_on and a.ends_on > b.starts_on
where
    a.starts_on < a.ends_on
    and b.starts_on < b.ends_on
    and (
        a.starts_on < b.starts_on
        or (a.starts_on = b.starts_on and a.plan_id < b.plan_id)
        or (a.starts_on = b.starts_on and a.plan_id = b.plan_id and a.plan_version < b.plan_version)
    )
order by 1, 6;
