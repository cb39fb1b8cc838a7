-- metering.landed_files: how many rows of each landed file are in the book.
--
-- grain:   one row per file_name
-- kind:    dynamic table, incremental
-- refresh: parts by file_name
-- reads:   metering.usage_lines, metering.landed_aws_cost, metering.landed_cur,
--          metering.landed_external_cost, metering.landed_account_usage, metering.landed_catalog,
--          billing.landed_closes, billing.landed_invoices, billing.landed_receipts,
--          billing.landed_decisions, validation.landed_verdicts
-- why:     a file may be loaded twice (Snowpipe forgets names after 14 days), so its rows are counted
--          by their number in the file, each once. Of usage the typed lines are asked: every landed
--          record has a first one.

create or alter dynamic table metering.landed_files
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with landed as (
    select
        file_name,
        file_row
    from metering.usage_lines
    where ordinal = 0
    union all
    select
        file_name,
        file_row
    from metering.landed_aws_cost
    union all
    select
        file_name,
        file_row
    from metering.landed_cur
    union all
    select
        file_name,
        file_row
    from metering.landed_catalog
    union all
    select
        file_name,
        file_row
    from billing.landed_closes
    union all
    select
        file_name,
        file_row
    from billing.landed_invoices
    union all
    select
        file_name,
        file_row
    from billing.landed_receipts
    union all
    select
        file_name,
        file_row
    from metering.landed_external_cost
    union all
    select
        file_name,
        file_row
    from metering.landed_account_usage
    union all
    select
        file_name,
        file_row
    from billing.landed_decisions
    union all
    select
        file_name,
        file_row
    from validation.landed_verdicts
)

select
    file_name,
    count(distinct file_row) as landed_rows
from landed
group by file_name;
