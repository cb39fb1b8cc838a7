-- explain_closed_at: when an account's month was closed.
--
-- grain: one row
-- binds: account_id, period_start
-- reads: billing.period_closes

select closed_at
from billing.period_closes
where account_id = cast(? as varchar) and period_start = cast(? as date);
