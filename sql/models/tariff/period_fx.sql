-- billing.period_fx: what a unit of an account's currency is worth in dollars in a period.
--
-- grain:   one row per period_start, account_id, currency
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_accounts, billing.closed_terms, metering.cost_rates
-- why:     cost is kept in dollars; passed on in another currency it takes the rate of the period's
--          first day, and in a closed period the one it was closed with.

create or alter dynamic table billing.period_fx
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with rates as (
    select
        period_start,
        account_id,
        name as currency,
        cast(amount as number(38, 6)) as usd_per_unit,
        1 as place
    from billing.closed_terms
    where term = 'rate'
    union all
    select
        a.period_start,
        a.account_id,
        a.currency,
        r.unit_price_usd as usd_per_unit,
        2 as place
    from billing.period_accounts as a
    inner join metering.cost_rates as r
        on a.currency = r.rate_id and a.period_start >= r.starts_on and a.period_start < r.ends_on
    where a.currency <> 'USD'
)

select
    period_start,
    account_id,
    currency,
    usd_per_unit
from rates
where usd_per_unit > 0
qualify
    row_number() over (
        partition by period_start, account_id, currency order by place, usd_per_unit
    ) = 1;
