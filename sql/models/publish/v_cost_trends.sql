-- metering.v_cost_trends: the platform's cost month by month, beside the month before.
--
-- grain:   one row per period_start, source, resource_type, module_id, tenant_id, disposition
-- kind:    view, published
-- reads:   metering.cost_trends
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_cost_trends
as
select
    period_start,
    source,
    resource_type,
    module_id,
    tenant_id,
    disposition,
    cost_usd,
    previous_cost_usd,
    change_usd
from metering.cost_trends;
