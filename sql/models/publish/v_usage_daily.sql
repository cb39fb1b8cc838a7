-- metering.v_usage_daily: what each tenant used of each metric, day by day.
--
-- grain:   one row per usage_date, tenant_id, module_id, metric
-- kind:    view, published
-- reads:   metering.usage_daily
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_usage_daily
as
select
    usage_date,
    tenant_id,
    module_id,
    metric,
    quantity,
    event_count
from metering.usage_daily;
