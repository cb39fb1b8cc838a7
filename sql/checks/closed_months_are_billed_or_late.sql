-- closed_months_are_billed_or_late: what a closed month is known to owe is billed, or listed as late.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.period_lines, billing.frozen_documents, billing.standing_documents,
--          billing.invoice_lines, billing.late_lines
-- why:     the whole is read another way: from the totals of the documents that stand, without what they
--          adjust for other months and without commercial credits, and not from their lines one by one.

with own_lines as (
    select
        s.period_start,
        s.account_id,
        l.kind,
        l.amount,
        cast(concat(iff(l.adjusts_period = '', '1900-01', l.adjusts_period), '-01') as date) as adjusts_start
    from billing.standing_documents as s
    inner join billing.invoice_lines as l
        on
            s.period_start = l.period_start
            and s.account_id = l.account_id
            and s.kind = l.document_kind
            and s.subject = l.subject
),

amounts as (
    select
        period_start,
        account_id,
        total as amount
    from billing.standing_documents
    union all
    select
        period_start,
        account_id,
        -amount as amount
    from own_lines
    where kind in ('adjustment', 'credit')
    union all
    select
        adjusts_start as period_start,
        account_id,
        amount
    from own_lines
    where kind = 'adjustment'
    union all
    select
        n.period_start,
        n.account_id,
        -n.total as amount
    from billing.frozen_documents as n
    inner join billing.standing_documents as s
        on
            n.period_start = s.period_start
            and n.account_id = s.account_id
            and n.refers_kind = s.kind
            and n.refers_subject = s.subject
    where n.kind = 'credit_note' and left(n.subject, 5) = 'late.'
    union all
    select
        period_start,
        account_id,
        late_amount as amount
    from billing.late_lines
),

billed_or_late as (
    select
        a.period_start,
        a.account_id,
        sum(a.amount) as amount
    from amounts as a
    inner join billing.standing_documents as s
        on a.period_start = s.period_start and a.account_id = s.account_id
    group by a.period_start, a.account_id
),

known as (
    select
        period_start,
        account_id,
        sum(iff(kind = 'credit', 0, amount)) as amount
    from billing.period_lines
    group by period_start, account_id
)

select
    b.period_start,
    b.account_id,
    coalesce(k.amount, 0) as known_amount,
    b.amount as billed_or_late_amount
from billed_or_late as b
left join known as k on b.period_start = k.period_start and b.account_id = k.account_id
where coalesce(k.amount, 0) <> b.amount
order by 1, 2;
