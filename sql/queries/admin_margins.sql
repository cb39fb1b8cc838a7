-- admin_margins: what was earned with a month and what it cost to serve: of all, of each tenant, of each
-- module, and of each module of a tenant.
--
-- grain: one row per level, tenant_id, module_id
-- binds: period_start
-- reads: metering.v_unit_economics
-- why:   each level is summed from the same rows, so children come to their parent. A sum that holds a
--        revenue without a rate to USD is unknown, not smaller. A tenant's customers are told once in each
--        of its rows; where its modules are summed they count once. The worst comes first.

with found as (
    select
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        coalesce(active_customers, 0) as customers,
        iff(
            row_number() over (partition by tenant_id order by module_id) = 1,
            coalesce(active_customers, 0),
            0
        ) as customers_once
    from metering.v_unit_economics
    where period_start = cast(? as date)
),

entries as (
    select
        'whole' as level,
        '' as tenant_id,
        '' as module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        customers_once as customers
    from found
    union all
    select
        'tenant' as level,
        tenant_id,
        '' as module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        customers_once as customers
    from found
    union all
    select
        'module' as level,
        '' as tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        customers
    from found
    union all
    select
        'part' as level,
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        customers
    from found
),

summed as (
    select
        level,
        tenant_id,
        module_id,
        iff(count(distinct currency) = 1, max(currency), null) as currency,
        iff(count(distinct currency) = 1, sum(revenue), null) as revenue,
        iff(count(revenue_usd) = count(*), sum(revenue_usd), null) as revenue_usd,
        sum(cost_to_serve_usd) as cost_to_serve_usd,
        sum(customers) as customers
    from entries
    group by level, tenant_id, module_id
),

units as (
    select
        level,
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        revenue_usd - cost_to_serve_usd as margin_usd,
        customers,
        cast((revenue_usd - cost_to_serve_usd) * 1000000000000 as number(38, 0)) as margin_units,
        cast(coalesce(revenue_usd, 0) * 1000000000000 as number(38, 0)) as revenue_units,
        cast(cost_to_serve_usd * 1000000000000 as number(38, 0)) as cost_units,
        cast(customers * 1000000 as number(38, 0)) as customer_millionths
    from summed
),

numerators as (
    select
        level,
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        margin_usd,
        customers,
        revenue_units,
        customer_millionths,
        cast(margin_units * 1000000 as number(38, 0)) as margin_numerator,
        cast(greatest(revenue_units, 1) as number(38, 0)) as revenue_divisor,
        cast(cost_units * 1000000 as number(38, 0)) as cost_numerator,
        cast(greatest(customer_millionths, 1) as number(38, 0)) as customer_divisor
    from units
),

shares as (
    select
        level,
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        margin_usd,
        customers,
        iff(
            revenue_units > 0,
            cast(
                (margin_numerator - mod(margin_numerator, revenue_divisor)) / revenue_divisor
                as number(38, 0)
            ) * 0.000001,
            null
        ) as margin_share,
        iff(
            customer_millionths > 0,
            cast(
                (cost_numerator - mod(cost_numerator, customer_divisor)) / customer_divisor
                as number(38, 0)
            ) * 0.000000000001,
            null
        ) as cost_per_active_customer_usd
    from numerators
)

select
    level,
    tenant_id,
    module_id,
    currency,
    revenue,
    revenue_usd,
    cost_to_serve_usd,
    margin_usd,
    margin_share,
    customers as active_customers,
    cost_per_active_customer_usd
from shares
order by
    level,
    iff(margin_share is null, 0, 1),
    margin_share,
    margin_usd,
    tenant_id,
    module_id;
