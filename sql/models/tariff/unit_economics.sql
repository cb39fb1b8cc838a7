-- metering.unit_economics: what each module of a tenant brought in and what it cost to serve.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_module_lines, billing.period_lines, metering.attributed_cost_daily,
--          metering.cost_rates
-- why:     internal: the margin is revenue minus attributed cost, in USD. For an account in another
--          currency it is unknown until the catalog has the rate of the month's first day, and unknown is
--          no number. Active customers are what the levy counts, the tenant's over all modules. What is
--          kept or has no owner is in no row: the costs here are those of tenants, not the whole bill.

create or alter dynamic table metering.unit_economics
target_lag = '24 hours'
warehouse = meterbook_transform
refresh_mode = full
as
with entries as (
    select
        period_start,
        tenant_id,
        module_id,
        currency,
        amount as revenue,
        0 as cost_usd
    from billing.period_module_lines
    union all
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        module_id,
        '' as currency,
        0 as revenue,
        cost_usd
    from metering.attributed_cost_daily
    where disposition = 'attributed'
),

modules as (
    select
        period_start,
        tenant_id,
        module_id,
        cast(sum(revenue) as number(38, 4)) as revenue,
        cast(sum(cost_usd) as number(38, 12)) as cost_to_serve_usd
    from entries
    group by period_start, tenant_id, module_id
),

currencies as (
    select distinct
        period_start,
        tenant_id,
        currency
    from billing.period_lines
),

rates as (
    select
        c.period_start,
        c.tenant_id,
        c.currency,
        r.unit_price_usd
    from currencies as c
    inner join metering.cost_rates as r
        on
            c.currency = r.rate_id
            and c.period_start >= r.starts_on
            and c.period_start < r.ends_on
    where c.currency <> 'USD'
    union all
    select
        period_start,
        tenant_id,
        currency,
        cast(1 as number(38, 6)) as unit_price_usd
    from currencies
    where currency = 'USD'
),

customers as (
    select
        period_start,
        tenant_id,
        max(quantity) as active_customers
    from billing.period_lines
    where kind = 'levy'
    group by period_start, tenant_id
),

margins as (
    select
        m.period_start,
        m.tenant_id,
        m.module_id,
        c.currency,
        m.revenue,
        iff(
            c.currency is null, 0, cast(m.revenue * r.unit_price_usd as number(38, 12))
        ) as revenue_usd,
        m.cost_to_serve_usd,
        a.active_customers,
        cast(m.cost_to_serve_usd * 1000000000000 as number(38, 0)) as cost_units,
        cast(coalesce(a.active_customers, 0) * 1000000 as number(38, 0)) as customer_millionths
    from modules as m
    left join currencies as c on m.period_start = c.period_start and m.tenant_id = c.tenant_id
    left join rates as r on m.period_start = r.period_start and m.tenant_id = r.tenant_id
    left join customers as a on m.period_start = a.period_start and m.tenant_id = a.tenant_id
),

numerators as (
    select
        period_start,
        tenant_id,
        module_id,
        currency,
        revenue,
        revenue_usd,
        cost_to_serve_usd,
        revenue_usd - cost_to_serve_usd as margin_usd,
        active_customers,
        customer_millionths,
        greatest(customer_millionths, 1) as customer_divisor,
        cast(cost_units * 1000000 as number(38, 0)) as cost_numerator,
        cast(greatest(coalesce(revenue_usd, 0), 0) * 1000000000000 as number(38, 0)) as revenue_units,
        cast(
            greatest(cast(coalesce(revenue_usd, 0) * 1000000000000 as number(38, 0)), 1)
            as number(38, 0)
        ) as revenue_divisor,
        cast(
            cast((revenue_usd - cost_to_serve_usd) * 1000000000000 as number(38, 0)) * 1000000
            as number(38, 0)
        ) as margin_numerator
    from margins
)

select
    period_start,
    tenant_id,
    module_id,
    currency,
    revenue,
    revenue_usd,
    cost_to_serve_usd,
    cast(margin_usd as number(38, 12)) as margin_usd,
    iff(
        revenue_units > 0,
        cast(
            (margin_numerator - mod(margin_numerator, revenue_divisor)) / revenue_divisor
            as number(38, 0)
        ) * 0.000001,
        null
    ) as margin_share,
    active_customers,
    iff(
        customer_millionths > 0,
        cast(
            (cost_numerator - mod(cost_numerator, customer_divisor)) / customer_divisor
            as number(38, 0)
        ) * 0.000000000001,
        null
    ) as cost_per_active_customer_usd
from numerators;
