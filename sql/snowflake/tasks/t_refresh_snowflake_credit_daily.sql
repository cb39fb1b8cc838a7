-- metering.t_refresh_snowflake_credit_daily: what Snowflake charged in the last days, read anew.
--
-- kind:  task, every four hours, applied in the role meterbook_metering_owner after the view it reads
-- reads: metering.snowflake_credit_usage
-- why:   a dynamic table cannot read ACCOUNT_USAGE, so a task adds what the view shows and the latest run
--        decides a day. The views of a day lag behind each other by up to six hours, so a day is read from
--        eight hours after its end: before that its hours would not sum to what is billed. Four days, so that
--        a task that fails over a weekend closes its own gap, for which it is never suspended.
--        Older days are read by hand (docs/runbook.md). A task can be altered only while it is suspended,
--        and is made suspended. Its days are those of UTC, as ours are.

alter task if exists metering.t_refresh_snowflake_credit_daily suspend;

create or alter task metering.t_refresh_snowflake_credit_daily
    warehouse = meterbook_transform
    schedule = 'using cron 0 */4 * * * UTC'
    timezone = 'UTC'
    query_tag = '{"application":"meterbook","job":"t_refresh_snowflake_credit_daily"}'
    suspend_task_after_num_failures = 0
    comment = 'adds a run to metering.snowflake_credit_runs'
as
    insert into metering.snowflake_credit_runs (
        run_at,
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
    )
    select
        sysdate() as run_at,
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
    from metering.snowflake_credit_usage
    where
        usage_date >= dateadd(day, -4, current_date)
        and usage_date < cast(dateadd(hour, -8, sysdate()) as date);

alter task metering.t_refresh_snowflake_credit_daily resume;
