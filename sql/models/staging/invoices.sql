-- billing.invoices: documents that the register has sealed.
--
-- grain:   one row per number
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_invoices, metering.complete_files
-- why:     the hashes are those of the stored bytes; whoever holds a document can compare.

create or alter dynamic table billing.invoices
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    i.record:number::varchar as number,
    i.record:seller_id::varchar as seller_id,
    i.record:account_id::varchar as account_id,
    cast(concat(i.record:period::varchar, '-01') as date) as period_start,
    i.record:kind::varchar as kind,
    i.record:subject::varchar as subject,
    i.record:refers_to::varchar as refers_to,
    i.record:issue_date::date as issue_date,
    i.record:due_date::date as due_date,
    i.record:currency::varchar as currency,
    i.record:net::number(38, 4) as net,
    i.record:tax::number(38, 4) as tax,
    i.record:total::number(38, 4) as total,
    i.record:e_invoice::varchar as e_invoice,
    i.record:mail_to::varchar as mail_to,
    i.record:json_sha256::varchar as json_sha256,
    i.record:pdf_sha256::varchar as pdf_sha256,
    i.record:snapshot_sha256::varchar as snapshot_sha256
from billing.landed_invoices as i
inner join metering.complete_files as f on i.file_name = f.file_name
qualify row_number() over (partition by i.record:number::varchar order by i.file_name, i.file_row) = 1;
