-- metering.v_cost_corrections: what the cost of a closed period has become since, rule version by rule
-- version.
--
-- grain:   one row per period_start, account_id, tenant_id, source, module_id, resource_type, rule_id,
--          rule_version
-- kind:    view, published
-- reads:   billing.cost_corrections
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_cost_corrections
as
select
    period_start,
    account_id,
    tenant_id,
    source,
    module_id,
    resource_type,
    rule_id,
    rule_version,
    frozen_usd,
    known_usd,
    change_usd
from billing.cost_corrections;
