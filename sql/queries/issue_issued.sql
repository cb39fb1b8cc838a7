-- issue_issued: every document that the register has sealed and the book knows.
--
-- grain: one row per number
-- reads: billing.invoices

select
    number,
    seller_id,
    account_id,
    period_start,
    kind,
    subject,
    issue_date,
    due_date,
    currency,
    net,
    tax,
    total,
    refers_to,
    e_invoice,
    mail_to,
    json_sha256,
    pdf_sha256,
    snapshot_sha256
from billing.invoices
order by seller_id, number;
