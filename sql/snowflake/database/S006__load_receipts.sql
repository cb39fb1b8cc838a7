-- S006: receipts are kept and filled like all that lands (S001, S003).
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  what was paid is a fact like any other, and nobody changes it.

grant select, insert on table billing.landed_receipts to role meterbook_jobs;
revoke update, delete, truncate on table billing.landed_receipts from role meterbook_jobs;
revoke insert, update, delete, truncate on table billing.landed_receipts from role meterbook_deployer;
revoke insert, update, delete, truncate on table billing.landed_receipts
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table billing.landed_receipts
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table billing.landed_receipts
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table billing.landed_receipts from role meterbook_reader;
alter table billing.landed_receipts set change_tracking = true;

create pipe if not exists metering.load_landed_receipts
auto_ingest = true
as
copy into billing.landed_receipts (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/receipts/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;
