-- metering.v_snowflake_credit_daily: credits and their cost by day, warehouse, owner and kind.
--
-- grain:   one row per usage_date, warehouse_name, owner, kind
-- kind:    view, published
-- reads:   metering.snowflake_credit_daily, metering.snowflake_cost_daily
-- why:     credits without a price are shown, with no cost beside them. The owner is a tenant, a pool
--          that rules divide, or '' where nothing tells one.

create or replace view metering.v_snowflake_credit_daily
as
select
    c.usage_date,
    c.warehouse_name,
    c.owner,
    c.kind,
    c.credits,
    p.unit_price_usd,
    p.cost_usd
from metering.snowflake_credit_daily as c
left join metering.snowflake_cost_daily as p
    on
        c.usage_date = p.usage_date
        and c.warehouse_name = p.warehouse_name
        and c.owner = p.owner
        and c.kind = p.kind;
