-- summary_invoices: every document that the register has sealed, in order of its number.
--
-- reads: billing.invoices

select
    number,
    seller_id,
    account_id,
    period_start,
    kind,
    currency,
    total,
    pdf_sha256
from billing.invoices
order by seller_id, number;
