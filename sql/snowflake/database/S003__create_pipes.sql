-- S003: the pipes that load each landed file as soon as the bucket tells of it.
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  facts come into the book without any job of ours running. A pipe knows a file by its name for
--       14 days and may bring it twice after that; a file row that came twice counts once. A file
--       that cannot be read is left out whole, so that its delivery never counts half. The pipes are
--       never replaced: a new one would load what is there again. One queue tells them all: its ARN
--       is `notification_channel` in `show pipes`, and the bucket's notifications go to it.
--       `loaded_at` is written in the account's time zone; it is for people.

create pipe if not exists metering.load_deliveries
auto_ingest = true
as
copy into metering.deliveries (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/deliveries/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_usage
auto_ingest = true
as
copy into metering.landed_usage (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/usage/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_aws_cost
auto_ingest = true
as
copy into metering.landed_aws_cost (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/aws_cost/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_cur
auto_ingest = true
as
copy into metering.landed_cur (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/cur/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_catalog
auto_ingest = true
as
copy into metering.landed_catalog (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/catalog/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_closes
auto_ingest = true
as
copy into billing.landed_closes (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/closes/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_invoices
auto_ingest = true
as
copy into billing.landed_invoices (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/invoices/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;
