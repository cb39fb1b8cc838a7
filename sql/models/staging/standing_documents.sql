-- billing.standing_documents: the document that bills each closed month now: the invoice, or the corrected
-- invoice in its place.
--
-- grain:   one row per period_start, account_id, kind, subject
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.frozen_documents
-- why:     what was reversed bills nothing any more; a month that was reversed and not corrected has no row.

create or alter dynamic table billing.standing_documents
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with reversed as (
    select distinct
        period_start,
        account_id,
        refers_kind as kind,
        refers_subject as subject
    from billing.frozen_documents
    where kind = 'credit_note' and left(subject, 9) = 'reversal.'
)

select
    d.period_start,
    d.account_id,
    d.kind,
    d.subject,
    d.currency,
    d.total
from billing.frozen_documents as d
left join reversed as r
    on
        d.period_start = r.period_start
        and d.account_id = r.account_id
        and d.kind = r.kind
        and d.subject = r.subject
where d.kind in ('invoice', 'corrected_invoice') and r.kind is null;
