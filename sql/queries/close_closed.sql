-- close_closed: the accounts of a period that are closed.
--
-- grain: one row per account_id
-- binds: period_start
-- reads: billing.period_closes

select
    account_id,
    seller_id,
    currency,
    total,
    snapshot_sha256,
    closed_at
from billing.period_closes
where period_start = cast(? as date)
order by account_id;
