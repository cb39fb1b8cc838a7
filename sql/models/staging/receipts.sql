-- billing.receipts: what others report as paid, document by document.
--
-- grain:   one row per number, reference
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_receipts, metering.complete_files
-- why:     one reference of the bank is one payment, however often it is reported.

create or alter dynamic table billing.receipts
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    r.record:number::varchar as number,
    r.record:reference::varchar as reference,
    r.record:amount::number(38, 4) as amount,
    r.record:currency::varchar as currency,
    r.record:received_on::date as received_on,
    r.record:actor::varchar as actor
from billing.landed_receipts as r
inner join metering.complete_files as f on r.file_name = f.file_name
qualify
    row_number() over (
        partition by r.record:number::varchar, r.record:reference::varchar
        order by r.file_name, r.file_row
    ) = 1;
