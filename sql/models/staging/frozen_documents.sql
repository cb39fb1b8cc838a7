-- billing.frozen_documents: everything that was frozen to become a document.
--
-- grain:   one row per period_start, account_id, kind, subject
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_closes, metering.complete_files
-- why:     a close is an invoice, and a credit note for each earlier month that turns out to have been
--          billed too high; a person's credit, debit or correction is a document of its own.
--          refers_kind and refers_subject name the document of the same account and period that this one
--          credits, corrects or adds to. close_start is the month whose close brought it about, null for
--          what a person froze.

create or alter dynamic table billing.frozen_documents
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    cast(concat(c.record:period::varchar, '-01') as date) as period_start,
    c.record:account_id::varchar as account_id,
    c.record:document_kind::varchar as kind,
    c.record:subject::varchar as subject,
    c.record:close_start::date as close_start,
    c.record:refers_kind::varchar as refers_kind,
    c.record:refers_subject::varchar as refers_subject,
    c.record:seller_id::varchar as seller_id,
    c.record:currency::varchar as currency,
    c.record:total::number(38, 4) as total,
    c.record:snapshot_sha256::varchar as snapshot_sha256,
    cast(left(c.record:closed_at::varchar, 26) as timestamp_ntz(6)) as closed_at
from billing.landed_closes as c
inner join metering.complete_files as f on c.file_name = f.file_name
where c.record:kind::varchar in ('close', 'document')
qualify row_number() over (partition by c.file_name, c.file_row order by c.file_name) = 1;
