-- metering.snowflake_credit_runs: what the view of Snowflake's use shows, at the time of each delivery.
--
-- grain:   one row per run_at, usage_date, line, service_type, warehouse_name, started_at, query_tag,
--          role_name, user_name
-- kind:    dynamic table, full, on one machine alone
-- refresh: whole
-- reads:   metering.snowflake_credit_usage, account_usage.exported_files
-- why:     in an account a task adds a run every four hours; here every refresh is one, over all that was
--          handed in.

create or alter dynamic table metering.snowflake_credit_runs
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with runs as (
    select
        usage_date,
        max(ordered_at) as run_at
    from account_usage.exported_files
    group by usage_date
)

select
    r.run_at,
    u.usage_date,
    u.line,
    u.service_type,
    u.warehouse_name,
    u.started_at,
    u.query_tag,
    u.role_name,
    u.user_name,
    u.execution_ms,
    u.credits_compute,
    u.credits_cloud_services,
    u.credits_queries,
    u.credits_adjustment,
    u.credits_billed
from metering.snowflake_credit_usage as u
inner join runs as r on u.usage_date = r.usage_date;
