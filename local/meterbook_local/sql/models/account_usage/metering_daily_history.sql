-- account_usage.metering_daily_history: credits by day and service, as Snowflake's view has them.
--
-- grain: one row per usage_date, service_type
-- kind:  view, on one machine alone
-- reads: metering.landed_account_usage, account_usage.exported_files
-- why:   the columns that the book asks for, under the names that they have in an account.

create or replace view account_usage.metering_daily_history as
select
    f.usage_date,
    r.record:SERVICE_TYPE::varchar as service_type,
    r.record:CREDITS_USED_COMPUTE::number(38, 10) as credits_used_compute,
    r.record:CREDITS_USED_CLOUD_SERVICES::number(38, 10) as credits_used_cloud_services,
    r.record:CREDITS_ADJUSTMENT_CLOUD_SERVICES::number(38, 10) as credits_adjustment_cloud_services,
    r.record:CREDITS_BILLED::number(38, 10) as credits_billed
from metering.landed_account_usage as r
inner join account_usage.exported_files as f
    on r.file_name = f.file_name and cast(r.record:usage_date::varchar as date) = f.usage_date
where r.record:view::varchar = 'METERING_DAILY_HISTORY';
