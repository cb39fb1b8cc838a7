-- issue_frozen: what was frozen for one account's month, with the numbers given so far.
--
-- grain: one row per kind, subject
-- binds: period_start, account_id
-- reads: billing.frozen_documents, billing.invoices
-- why:   what is frozen will be issued, so a credit note counts before it has its number.

select
    d.kind,
    d.subject,
    d.refers_kind,
    d.refers_subject,
    coalesce(i.number, '') as number
from billing.frozen_documents as d
left join billing.invoices as i
    on
        d.period_start = i.period_start
        and d.account_id = i.account_id
        and d.kind = i.kind
        and d.subject = i.subject
where d.period_start = cast(? as date) and d.account_id = cast(? as varchar)
order by d.closed_at, d.kind, d.subject;
