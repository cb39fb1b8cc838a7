-- backtest_closes: the closed months, with the accounts that were closed in each.
--
-- grain: one row per period_start, account_id
-- reads: billing.period_closes

select
    period_start,
    account_id
from billing.period_closes
order by period_start desc, account_id asc;
