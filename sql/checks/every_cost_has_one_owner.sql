-- every_cost_has_one_owner: every cost row is decided once: attributed, kept or unattributed.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.tagged_cost_daily, metering.attributed_cost_daily
-- why:     a day whose decided cost differs from its bill has lost a row or given one two owners.

with both as (
    select
        usage_date,
        resource_type,
        cost_usd as decided_usd,
        0 as billed_usd
    from metering.attributed_cost_daily
    union all
    select
        usage_date,
        resource_type,
        0 as decided_usd,
        cost_usd as billed_usd
    from metering.tagged_cost_daily
),

services as (
    select
        usage_date,
        resource_type,
        sum(billed_usd) as billed_usd,
        sum(decided_usd) as decided_usd
    from both
    group by usage_date, resource_type
)

select
    usage_date,
    resource_type,
    billed_usd,
    decided_usd
from services
where billed_usd <> decided_usd
union all
select
    usage_date,
    resource_type,
    0 as billed_usd,
    cost_usd as decided_usd
from metering.attributed_cost_daily
where
    (disposition = 'attributed' and tenant_id = '')
    or (disposition <> 'attributed' and tenant_id <> '')
    or (disposition = 'unattributed' and reason = '')
order by 1, 2;
