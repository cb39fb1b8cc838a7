-- status_periods: how far each account has come in each month.
--
-- grain: one row per period_start, account_id
-- reads: billing.period_lines, billing.period_faults, billing.period_closes, billing.document_approvals,
--        billing.invoices
-- why:   an account that is closed stays closed, whatever faults its usage shows later.

with known as (
    select
        period_start,
        account_id
    from billing.period_lines
    union
    select
        period_start,
        account_id
    from billing.period_faults
    union
    select
        period_start,
        account_id
    from billing.period_closes
),

faulty as (
    select distinct
        period_start,
        account_id
    from billing.period_faults
)

select
    k.period_start,
    k.account_id,
    case
        when i.number is not null then 'issued'
        when a.is_approved then 'approved'
        when c.account_id is not null then 'closed'
        when f.account_id is not null then 'parked'
        else 'open'
    end as state,
    coalesce(i.currency, c.currency, '') as currency,
    coalesce(i.total, c.total) as total,
    coalesce(i.number, '') as number
from known as k
left join billing.period_closes as c
    on k.period_start = c.period_start and k.account_id = c.account_id
left join billing.document_approvals as a
    on k.period_start = a.period_start and k.account_id = a.account_id and a.kind = 'invoice'
left join billing.invoices as i
    on k.period_start = i.period_start and k.account_id = i.account_id and i.kind = 'invoice'
left join faulty as f
    on k.period_start = f.period_start and k.account_id = f.account_id
order by k.period_start, k.account_id;
