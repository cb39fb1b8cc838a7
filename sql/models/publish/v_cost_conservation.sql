-- metering.v_cost_conservation: whether a day's cost sums to the whole that the source stated.
--
-- grain:   one row per usage_date, source
-- kind:    view, published
-- reads:   metering.cost_conservation
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_cost_conservation
as
select
    usage_date,
    source,
    control_usd,
    typed_usd,
    attributed_usd,
    split_usd,
    kept_usd,
    unattributed_usd,
    residual_usd
from metering.cost_conservation;
