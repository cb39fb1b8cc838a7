-- metering.v_invoice_lines: the lines of every document, as they were frozen.
--
-- grain:   one row per period_start, account_id, document_kind, subject, line_number
-- kind:    view, published
-- reads:   billing.invoice_lines
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_invoice_lines
as
select
    period_start,
    account_id,
    document_kind,
    subject,
    line_number,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    plan_id,
    plan_version,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    unit_size,
    cost_usd,
    pricing,
    adjusts_period,
    adjusts_kind,
    amount
from billing.invoice_lines;
