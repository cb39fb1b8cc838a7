-- metering.v_period_lines: the tariff, line by line.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    view, published
-- reads:   billing.period_lines
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_period_lines
as
select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    pricing,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    unit_size,
    cost_usd,
    markup_percent,
    usd_per_unit,
    base_amount,
    percent,
    amount_minor,
    amount
from billing.period_lines;
