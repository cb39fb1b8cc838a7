-- account_usage.warehouse_metering_history: credits by hour and warehouse, as Snowflake's view has them.
--
-- grain: one row per start_time, warehouse_name
-- kind:  view, on one machine alone
-- reads: metering.landed_account_usage, account_usage.exported_files
-- why:   the columns that the book asks for, under the names that they have in an account.

create or replace view account_usage.warehouse_metering_history as
select
    cast(replace(r.record:START_TIME::varchar, 'Z', '') as timestamp_ntz(6)) as start_time,
    cast(replace(r.record:END_TIME::varchar, 'Z', '') as timestamp_ntz(6)) as end_time,
    r.record:WAREHOUSE_NAME::varchar as warehouse_name,
    r.record:CREDITS_USED_COMPUTE::number(38, 10) as credits_used_compute,
    r.record:CREDITS_USED_CLOUD_SERVICES::number(38, 10) as credits_used_cloud_services,
    r.record:CREDITS_ATTRIBUTED_COMPUTE_QUERIES::number(38, 10) as credits_attributed_compute_queries
from metering.landed_account_usage as r
inner join account_usage.exported_files as f
    on r.file_name = f.file_name and cast(r.record:usage_date::varchar as date) = f.usage_date
where r.record:view::varchar = 'WAREHOUSE_METERING_HISTORY';
