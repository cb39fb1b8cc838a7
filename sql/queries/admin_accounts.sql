-- admin_accounts: how far each account has come in a month, what it comes to, and whose word it waits for.
--
-- grain: one row per account_id
-- binds: period_start
-- reads: billing.period_lines, billing.period_faults, metering.v_period_closes,
--        metering.v_document_approvals, metering.v_invoices
-- why:   the total is the invoice's, else what was frozen, else what has come together so far, before
--        what tax adds. An account that is closed stays closed, whatever faults its usage shows later.

with asked as (
    select cast(? as date) as period_start
),

so_far as (
    select
        l.account_id,
        iff(count(distinct l.currency) = 1, max(l.currency), null) as currency,
        iff(count(distinct l.currency) = 1, sum(l.amount), null) as total
    from billing.period_lines as l
    inner join asked as a on l.period_start = a.period_start
    group by l.account_id
),

faulty as (
    select distinct f.account_id
    from billing.period_faults as f
    inner join asked as a on f.period_start = a.period_start
),

closed as (
    select
        c.account_id,
        c.currency,
        c.total
    from metering.v_period_closes as c
    inner join asked as a on c.period_start = a.period_start
),

known as (
    select account_id
    from so_far
    union
    select account_id
    from faulty
    union
    select account_id
    from closed
),

approvals as (
    select
        d.account_id,
        d.compared_count,
        d.lowest_total,
        d.highest_total,
        d.needs_approval,
        d.is_approved,
        d.approved_by,
        d.approved_because
    from metering.v_document_approvals as d
    inner join asked as a on d.period_start = a.period_start
    where d.kind = 'invoice'
),

invoiced as (
    select
        i.account_id,
        i.number,
        i.currency,
        i.total
    from metering.v_invoices as i
    inner join asked as a on i.period_start = a.period_start
    where i.kind = 'invoice'
)

select
    k.account_id,
    case
        when i.number is not null then 'issued'
        when p.is_approved then 'approved'
        when c.account_id is not null then 'closed'
        when f.account_id is not null then 'parked'
        else 'open'
    end as state,
    coalesce(i.currency, c.currency, s.currency) as currency,
    coalesce(i.total, c.total, s.total) as total,
    coalesce(i.number, '') as number,
    p.compared_count,
    p.lowest_total,
    p.highest_total,
    coalesce(p.needs_approval, false) as needs_approval,
    coalesce(p.approved_by, '') as approved_by,
    coalesce(p.approved_because, '') as approved_because
from known as k
left join so_far as s on k.account_id = s.account_id
left join closed as c on k.account_id = c.account_id
left join approvals as p on k.account_id = p.account_id
left join invoiced as i on k.account_id = i.account_id
left join faulty as f on k.account_id = f.account_id
order by k.account_id;
