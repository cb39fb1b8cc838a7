-- metering.v_attributed_cost_daily: every cent of cost with its owner and the rule that gave it.
--
-- grain:   one row per usage_date, source, disposition, tenant_id, module_id, resource_type, rule_id,
--          rule_version, reason
-- kind:    view, published
-- reads:   metering.attributed_cost_daily
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_attributed_cost_daily
as
select
    usage_date,
    source,
    disposition,
    tenant_id,
    module_id,
    resource_type,
    method,
    rule_id,
    rule_version,
    reason,
    cost_usd
from metering.attributed_cost_daily;
