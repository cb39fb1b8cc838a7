-- metering.v_cost_rates: what a Snowflake credit costs, and what currencies are worth, over time.
--
-- grain:   one row per rate_id, starts_on
-- kind:    view, published
-- reads:   metering.cost_rates
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_cost_rates
as
select
    rate_id,
    unit_price_usd,
    starts_on,
    ends_on
from metering.cost_rates;
