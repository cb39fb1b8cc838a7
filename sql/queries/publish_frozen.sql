-- publish_frozen: when the documents of a month were frozen.
--
-- grain: one row per account_id, kind, subject
-- binds: period_start
-- reads: billing.frozen_documents

select
    account_id,
    kind,
    subject,
    closed_at
from billing.frozen_documents
where period_start = cast(? as date)
order by account_id, kind, subject;
