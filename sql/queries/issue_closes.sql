-- issue_closes: every close, in the order in which numbers are given.
--
-- grain: one row per period_start, account_id
-- reads: billing.period_closes
-- why:   which of them are claimed, the register knows; the book never decides about a number.

select
    seller_id,
    period_start,
    account_id,
    snapshot_sha256
from billing.period_closes
order by seller_id, period_start, account_id;
