-- metering.v_period_closes: what was closed.
--
-- grain:   one row per period_start, account_id
-- kind:    view, published
-- reads:   billing.period_closes
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_period_closes
as
select
    period_start,
    account_id,
    seller_id,
    currency,
    total,
    snapshot_sha256,
    closed_at
from billing.period_closes;
