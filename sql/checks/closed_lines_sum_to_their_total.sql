-- closed_lines_sum_to_their_total: the frozen lines of a document sum to its total.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.invoice_lines, billing.frozen_documents
-- why:     frozen means frozen: a line that is lost or added later is seen.

with lines as (
    select
        period_start,
        account_id,
        document_kind as kind,
        subject,
        sum(amount) as total
    from billing.invoice_lines
    group by period_start, account_id, document_kind, subject
)

select
    d.period_start,
    d.account_id,
    d.kind,
    d.subject,
    d.total as stated,
    coalesce(l.total, 0) as summed
from billing.frozen_documents as d
left join lines as l
    on
        d.period_start = l.period_start
        and d.account_id = l.account_id
        and d.kind = l.kind
        and d.subject = l.subject
where d.total <> coalesce(l.total, 0)
order by 1, 2, 3, 4;
