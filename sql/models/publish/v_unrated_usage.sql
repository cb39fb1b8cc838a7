-- metering.v_unrated_usage: usage that no card of the period has a price for.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    view, published
-- reads:   billing.unrated_usage
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_unrated_usage
as
select
    period_start,
    tenant_id,
    metric,
    quantity
from billing.unrated_usage;
