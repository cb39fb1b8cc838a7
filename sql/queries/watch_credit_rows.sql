-- watch_credit_rows: how many rows of Snowflake's credits the task has added in a span of time.
--
-- grain: one row
-- binds: first_moment, end_moment
-- reads: metering.snowflake_credit_runs

select count(*) as row_count
from metering.snowflake_credit_runs
where run_at >= cast(? as timestamp_ntz) and run_at < cast(? as timestamp_ntz);
