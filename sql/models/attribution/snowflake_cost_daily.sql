-- metering.snowflake_cost_daily: what the credits of a day cost, by owner, warehouse and kind.
--
-- grain:   one row per usage_date, warehouse_name, owner, kind
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.snowflake_credit_daily, metering.cost_rates
-- why:     a day's credits are priced as they run up, in one order, and each row has what it added. So
--          the rows sum to the price of the day's credits, however fine credits and price are. Credits
--          of a day without a price have no cost here, and a check names the day.

create or alter dynamic table metering.snowflake_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with priced as (
    select
        c.usage_date,
        c.warehouse_name,
        c.owner,
        c.kind,
        c.credits,
        r.unit_price_usd,
        cast(c.credits * 10000000000 as number(38, 0)) as credit_units,
        cast(r.unit_price_usd * 1000000 as number(38, 0)) as price_millionths
    from metering.snowflake_credit_daily as c
    inner join metering.cost_rates as r
        on
            r.rate_id = 'snowflake_credit'
            and c.usage_date >= r.starts_on
            and c.usage_date < r.ends_on
),

running as (
    select
        usage_date,
        warehouse_name,
        owner,
        kind,
        credits,
        unit_price_usd,
        price_millionths,
        credit_units,
        sum(credit_units) over (
            partition by usage_date order by owner, warehouse_name, kind
            rows between unbounded preceding and current row
        ) as units_to_here
    from priced
),

numerators as (
    select
        usage_date,
        warehouse_name,
        owner,
        kind,
        credits,
        unit_price_usd,
        cast(cast(units_to_here as number(38, 0)) * price_millionths as number(38, 0)) as to_here,
        cast(
            cast(units_to_here - credit_units as number(38, 0)) * price_millionths as number(38, 0)
        ) as before
    from running
)

select
    usage_date,
    warehouse_name,
    owner,
    kind,
    credits,
    unit_price_usd,
    cast(
        cast(
            cast((to_here - mod(to_here, 10000)) / 10000 as number(38, 0))
            - cast((before - mod(before, 10000)) / 10000 as number(38, 0)) as number(38, 0)
        ) * 0.000000000001 as number(38, 12)
    ) as cost_usd
from numerators;
