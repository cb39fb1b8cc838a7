-- V005: what each run of the task has read of Snowflake's own account of itself.
--
-- grain: one row per run_at, usage_date, line, service_type, warehouse_name, started_at, query_tag,
--        role_name, user_name
-- why:   a dynamic table cannot read ACCOUNT_USAGE, so the task adds what the view
--        metering.snowflake_credit_usage shows, and the latest run decides a day. Nobody changes a run.
--        Credits have ten decimals, as Snowflake's adjustment has.

create table if not exists metering.snowflake_credit_runs (
    run_at timestamp_ntz(6) not null,
    usage_date date not null,
    line varchar not null,
    service_type varchar not null,
    warehouse_name varchar not null,
    started_at timestamp_ntz(6),
    query_tag varchar not null,
    role_name varchar not null,
    user_name varchar not null,
    execution_ms number(38, 0) not null,
    credits_compute number(38, 10) not null,
    credits_cloud_services number(38, 10) not null,
    credits_queries number(38, 10),
    credits_adjustment number(38, 10) not null,
    credits_billed number(38, 10) not null
) comment = 'credits by warehouse-hour and service, and who ran queries for how long, run by run';
