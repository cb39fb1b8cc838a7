-- billing.period_metered: what is billed of each metric, tier by tier.
--
-- grain:   one row per period_start, tenant_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_rates, billing.plan_rate_tiers
-- why:     tiers count what is beyond the included quantity. Graduated: each tier bills its slice at its
--          own price. Volume: the tier that is reached prices all. Package: one that is begun counts
--          whole. What has nothing to bill shows so in its first tier.

create or alter dynamic table billing.period_metered
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with beyond as (
    select
        period_start,
        tenant_id,
        metric,
        kind,
        pricing,
        plan_id,
        plan_version,
        currency,
        quantity,
        included_quantity,
        greatest(quantity - included_quantity, 0) as beyond_quantity,
        -- A bill of nothing shows in the tier of the least quantity there is.
        greatest(quantity - included_quantity, 0.000001) as reached_quantity,
        unit_price,
        unit_size,
        cast(unit_size * 1000000 as number(38, 0)) as package_millionths,
        cast(greatest(quantity - included_quantity, 0) * 1000000 as number(38, 0)) + unit_size * 1000000 - 1
            as begun_millionths
    from billing.period_rates
)

select
    period_start,
    tenant_id,
    metric,
    1 as tier,
    kind,
    pricing,
    plan_id,
    plan_version,
    currency,
    quantity,
    included_quantity,
    iff(
        pricing = 'package',
        cast(
            unit_size * cast(
                (begun_millionths - mod(begun_millionths, package_millionths)) / package_millionths
                as number(38, 0)
            ) as number(38, 6)
        ),
        beyond_quantity
    ) as billable_quantity,
    unit_price,
    unit_size
from beyond
where pricing in ('flat', 'package')
union all
select
    b.period_start,
    b.tenant_id,
    b.metric,
    t.tier,
    b.kind,
    b.pricing,
    b.plan_id,
    b.plan_version,
    b.currency,
    b.quantity,
    b.included_quantity,
    cast(
        iff(
            b.pricing = 'volume',
            b.beyond_quantity,
            least(b.beyond_quantity, coalesce(t.up_to_quantity, b.beyond_quantity)) - t.above_quantity
        ) as number(38, 6)
    ) as billable_quantity,
    t.unit_price,
    b.unit_size
from beyond as b
inner join billing.plan_rate_tiers as t
    on
        b.plan_id = t.plan_id
        and b.plan_version = t.plan_version
        and b.metric = t.metric
        and b.reached_quantity > t.above_quantity
where
    b.pricing = 'graduated'
    or (b.pricing = 'volume' and b.reached_quantity <= coalesce(t.up_to_quantity, b.reached_quantity));
