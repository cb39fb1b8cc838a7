-- billing.plan_rate_tiers: the prices of graduated and volume rates, tier by tier.
--
-- grain:   one row per plan_id, plan_version, metric, tier
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a tier holds for what is billable above above_quantity, up to and with up_to_quantity; the
--          last one has no end, which is null.

create or alter dynamic table billing.plan_rate_tiers
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with rates as (
    select
        d.document:id::varchar as plan_id,
        d.document:version::number(38, 0) as plan_version,
        f.value:metric::varchar as metric,
        f.value:tiers as tiers
    from metering.catalog_documents as d, lateral flatten(input => d.document:rates) as f
    where d.kind = 'plan'
),

tiers as (
    select
        r.plan_id,
        r.plan_version,
        r.metric,
        f.value:tier::number(38, 0) as tier,
        try_to_decimal(f.value:up_to::varchar, 38, 6) as up_to_quantity,
        f.value:unit_price::number(38, 6) as unit_price
    from rates as r, lateral flatten(input => r.tiers) as f
)

select
    plan_id,
    plan_version,
    metric,
    tier,
    coalesce(
        max(up_to_quantity) over (
            partition by plan_id, plan_version, metric order by tier
            rows between unbounded preceding and 1 preceding
        ),
        0
    ) as above_quantity,
    up_to_quantity,
    unit_price
from tiers;
