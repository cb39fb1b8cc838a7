-- metering.snowflake_credit_lines: Snowflake's own account of each day, as the latest run has read it.
--
-- grain:   one row per usage_date, line, service_type, warehouse_name, started_at, query_tag, role_name,
--          user_name
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.snowflake_credit_runs
-- why:     ACCOUNT_USAGE lags and restates, so each run reads whole days and the latest one decides them.

create or alter dynamic table metering.snowflake_credit_lines
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    usage_date,
    line,
    service_type,
    warehouse_name,
    started_at,
    query_tag,
    role_name,
    user_name,
    execution_ms,
    credits_compute,
    credits_cloud_services,
    credits_queries,
    credits_adjustment,
    credits_billed
from metering.snowflake_credit_runs
qualify rank() over (partition by usage_date order by run_at desc) = 1;
