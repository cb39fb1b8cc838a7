-- explain_document: what a number stands for, and when that was frozen.
--
-- grain: one row per number
-- binds: number
-- reads: billing.invoices, billing.frozen_documents

select
    i.number,
    i.account_id,
    i.period_start,
    i.kind,
    i.subject,
    i.snapshot_sha256,
    d.closed_at
from billing.invoices as i
inner join billing.frozen_documents as d
    on
        i.account_id = d.account_id
        and i.period_start = d.period_start
        and i.kind = d.kind
        and i.subject = d.subject
where i.number = cast(? as varchar);
