-- close_accounts: the accounts that a period has lines for.
--
-- grain: one row per account_id
-- binds: period_start
-- reads: billing.period_lines

select distinct account_id
from billing.period_lines
where period_start = cast(? as date)
order by account_id;
