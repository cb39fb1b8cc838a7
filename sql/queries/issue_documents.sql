-- issue_documents: what was frozen and has not come into the book as an issued document yet.
--
-- grain: one row per period_start, account_id, kind, subject
-- reads: billing.frozen_documents, billing.invoice_lines, billing.document_approvals, billing.invoices
-- why:   the order in which numbers are given. Which of them are claimed already, the register knows;
--        the book never decides about a number. A close that brought about nothing but a credit note
--        for an earlier month has no line of its own, and nobody is sent a bill of nothing.

with lined as (
    select distinct
        period_start,
        account_id,
        document_kind,
        subject
    from billing.invoice_lines
)

select
    d.seller_id,
    d.period_start,
    d.account_id,
    d.kind,
    d.subject,
    coalesce(d.close_start, d.period_start) as close_start,
    d.snapshot_sha256,
    a.is_approved
from billing.frozen_documents as d
inner join billing.document_approvals as a
    on
        d.period_start = a.period_start
        and d.account_id = a.account_id
        and d.kind = a.kind
        and d.subject = a.subject
inner join lined as l
    on
        d.period_start = l.period_start
        and d.account_id = l.account_id
        and d.kind = l.document_kind
        and d.subject = l.subject
left join billing.invoices as i
    on
        d.period_start = i.period_start
        and d.account_id = i.account_id
        and d.kind = i.kind
        and d.subject = i.subject
where i.number is null
order by d.seller_id, d.period_start, d.account_id, d.kind, d.subject;
