-- admin_periods: the months that the book knows, and how far they have come; the newest first.
--
-- grain: one row per period_start
-- reads: billing.period_lines, metering.v_period_closes, metering.v_invoices, metering.v_cost_conservation
-- why:   a month is closed when nobody who owes for it is left open, and issued when all are invoiced.

with accounts as (
    select
        period_start,
        account_id
    from billing.period_lines
    union
    select
        period_start,
        account_id
    from metering.v_period_closes
),

costs as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        count(distinct usage_date) as cost_day_count
    from metering.v_cost_conservation
    group by date_trunc('month', usage_date)
),

months as (
    select period_start
    from accounts
    union
    select period_start
    from costs
),

invoiced as (
    select distinct
        period_start,
        account_id
    from metering.v_invoices
    where kind = 'invoice'
),

counted as (
    select
        m.period_start,
        count(a.account_id) as account_count,
        count(c.account_id) as closed_count,
        count(i.account_id) as issued_count
    from months as m
    left join accounts as a on m.period_start = a.period_start
    left join metering.v_period_closes as c
        on a.period_start = c.period_start and a.account_id = c.account_id
    left join invoiced as i on a.period_start = i.period_start and a.account_id = i.account_id
    group by m.period_start
)

select
    m.period_start,
    m.account_count,
    m.closed_count,
    m.issued_count,
    coalesce(c.cost_day_count, 0) as cost_day_count,
    case
        when m.account_count > 0 and m.issued_count = m.account_count then 'issued'
        when m.account_count > 0 and m.closed_count = m.account_count then 'closed'
        else 'open'
    end as state
from counted as m
left join costs as c on m.period_start = c.period_start
order by m.period_start desc;
