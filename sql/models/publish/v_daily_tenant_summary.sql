-- metering.v_daily_tenant_summary: what each tenant used and what it cost, side by side.
--
-- grain:   one row per usage_date, tenant_id, module_id, resource_type
-- kind:    view, published
-- reads:   metering.daily_tenant_summary
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_daily_tenant_summary
as
select
    usage_date,
    tenant_id,
    module_id,
    resource_type,
    quantity,
    attributed_cost_usd
from metering.daily_tenant_summary;
