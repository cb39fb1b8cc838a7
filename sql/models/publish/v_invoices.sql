-- metering.v_invoices: documents that the register has sealed.
--
-- grain:   one row per number
-- kind:    view, published
-- reads:   billing.invoices
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_invoices
as
select
    number,
    seller_id,
    account_id,
    period_start,
    kind,
    subject,
    refers_to,
    issue_date,
    due_date,
    currency,
    net,
    tax,
    total,
    e_invoice,
    json_sha256,
    pdf_sha256,
    snapshot_sha256
from billing.invoices;
