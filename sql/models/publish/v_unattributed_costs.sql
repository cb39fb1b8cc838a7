-- metering.v_unattributed_costs: how much of a day's AWS cost has no owner, and whether that is too
-- much.
--
-- grain:   one row per usage_date
-- kind:    view, published
-- reads:   metering.unattributed_costs
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_unattributed_costs
as
select
    usage_date,
    total_aws_cost_usd,
    unattributed_cost_usd,
    unattributed_share,
    threshold_used,
    is_settled,
    is_without_cost,
    exceeds_threshold
from metering.unattributed_costs;
