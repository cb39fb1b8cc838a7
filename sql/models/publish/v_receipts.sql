-- metering.v_receipts: what others report as paid.
--
-- grain:   one row per number, reference
-- kind:    view, published
-- reads:   billing.receipts
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_receipts
as
select
    number,
    reference,
    amount,
    currency,
    received_on,
    actor
from billing.receipts;
