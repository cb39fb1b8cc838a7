-- account_usage.exported_files: the handed-in files that each day of Snowflake's use is read from.
--
-- grain: one row per usage_date, file_name
-- kind:  view, on one machine alone
-- reads: metering.deciding_deliveries, metering.delivery_files
-- why:   on one machine ACCOUNT_USAGE comes as files through the one door; as of costs, the latest
--        complete delivery decides its days, whole.

create or replace view account_usage.exported_files as
select
    d.usage_date,
    d.ordered_at,
    f.file_name
from metering.deciding_deliveries as d
inner join metering.delivery_files as f on d.stream = f.stream and d.delivery_id = f.delivery_id
where d.stream = 'account_usage';
