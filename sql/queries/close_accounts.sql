-- close_accounts: the accounts that a period has something to bill for.
--
-- grain: one row per account_id
-- binds: period_start, period_start
-- reads: billing.period_lines, billing.late_lines
-- why:   an account that used nothing may still owe what came late for an earlier month.

select account_id
from billing.period_lines
where period_start = cast(? as date)
union
select account_id
from billing.late_lines
where period_start < cast(? as date)
order by account_id;
