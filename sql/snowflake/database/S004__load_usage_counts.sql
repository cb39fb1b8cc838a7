-- S004: the counts of what was recorded, which come beside the usage itself.
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  what the layer says that it recorded goes through the log, not over the bus, so it is there
--       when the usage is not. The table is kept and filled like every landing table (S001, S003).

grant select, insert on table metering.landed_usage_counts to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_usage_counts from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_usage_counts from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_usage_counts
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_usage_counts
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_usage_counts
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_usage_counts from role meterbook_reader;
alter table metering.landed_usage_counts set change_tracking = true;

create pipe if not exists metering.load_landed_usage_counts
auto_ingest = true
as
copy into metering.landed_usage_counts (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/usage_counts/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;
