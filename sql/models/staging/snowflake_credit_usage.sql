-- metering.snowflake_credit_usage: what Snowflake says of its own use: credits by service, by warehouse
-- and hour, and who ran queries there for how long.
--
-- grain: one row per usage_date, line, service_type, warehouse_name, started_at, query_tag, role_name,
--        user_name
-- kind:  view
-- reads: account_usage.metering_daily_history, account_usage.warehouse_metering_history,
--        account_usage.query_history, metering.numbers
-- why:   the only text that reads ACCOUNT_USAGE. Its session is in UTC, as whoever reads this must be. A
--        day is there once Snowflake has billed it. A query counts in each hour of its warehouse for as
--        long as it executed in it; waiting and compiling are not execution. A statement can run for
--        seven days, so an hour asks for queries by the eight days on which they can have ended: by
--        those, an account finds a few days of queries among those of a year.

create or replace view metering.snowflake_credit_usage as
with service_days as (
    select
        cast(usage_date as date) as usage_date,
        upper(service_type) as service_type,
        cast(coalesce(credits_used_compute, 0) as number(38, 10)) as credits_compute,
        cast(coalesce(credits_used_cloud_services, 0) as number(38, 10)) as credits_cloud_services,
        cast(coalesce(credits_adjustment_cloud_services, 0) as number(38, 10)) as credits_adjustment,
        cast(coalesce(credits_billed, 0) as number(38, 10)) as credits_billed
    from snowflake.account_usage.metering_daily_history
),

billed_days as (
    select distinct usage_date
    from service_days
),

hours as (
    select
        warehouse_name,
        cast(start_time as timestamp_ntz(6)) as started_at,
        cast(end_time as timestamp_ntz(6)) as ended_at,
        cast(start_time as date) as usage_date,
        cast(coalesce(credits_used_compute, 0) as number(38, 10)) as credits_compute,
        cast(coalesce(credits_used_cloud_services, 0) as number(38, 10)) as credits_cloud_services,
        cast(credits_attributed_compute_queries as number(38, 10)) as credits_queries
    from snowflake.account_usage.warehouse_metering_history
),

queries as (
    select
        warehouse_name,
        coalesce(query_tag, '') as query_tag,
        coalesce(role_name, '') as role_name,
        coalesce(user_name, '') as user_name,
        cast(dateadd(millisecond, -execution_time, end_time) as timestamp_ntz(6)) as started_at,
        cast(end_time as timestamp_ntz(6)) as ended_at,
        cast(end_time as date) as ended_on
    from snowflake.account_usage.query_history
    where warehouse_name is not null and execution_time > 0
),

hours_and_days as (
    select
        h.usage_date,
        h.warehouse_name,
        h.started_at,
        h.ended_at,
        cast(dateadd(day, n.n, h.usage_date) as date) as ended_on
    from hours as h
    inner join metering.numbers as n on n.n <= 7
),

executions as (
    select
        h.usage_date,
        h.warehouse_name,
        h.started_at,
        q.query_tag,
        q.role_name,
        q.user_name,
        sum(
            datediff(
                millisecond, greatest(q.started_at, h.started_at), least(q.ended_at, h.ended_at)
            )
        ) as execution_ms
    from hours_and_days as h
    inner join queries as q
        on
            h.warehouse_name = q.warehouse_name
            and h.ended_on = q.ended_on
            and h.started_at < q.ended_at
            and h.ended_at > q.started_at
    group by h.usage_date, h.warehouse_name, h.started_at, q.query_tag, q.role_name, q.user_name
)

select
    usage_date,
    'service' as line,
    service_type,
    '' as warehouse_name,
    cast(null as timestamp_ntz(6)) as started_at,
    '' as query_tag,
    '' as role_name,
    '' as user_name,
    0 as execution_ms,
    cast(sum(credits_compute) as number(38, 10)) as credits_compute,
    cast(sum(credits_cloud_services) as number(38, 10)) as credits_cloud_services,
    cast(null as number(38, 10)) as credits_queries,
    cast(sum(credits_adjustment) as number(38, 10)) as credits_adjustment,
    cast(sum(credits_billed) as number(38, 10)) as credits_billed
from service_days
group by usage_date, service_type
union all
select
    h.usage_date,
    'warehouse' as line,
    'WAREHOUSE_METERING' as service_type,
    h.warehouse_name,
    h.started_at,
    '' as query_tag,
    '' as role_name,
    '' as user_name,
    0 as execution_ms,
    cast(sum(h.credits_compute) as number(38, 10)) as credits_compute,
    cast(sum(h.credits_cloud_services) as number(38, 10)) as credits_cloud_services,
    cast(sum(h.credits_queries) as number(38, 10)) as credits_queries,
    0 as credits_adjustment,
    0 as credits_billed
from hours as h
inner join billed_days as b on h.usage_date = b.usage_date
group by h.usage_date, h.warehouse_name, h.started_at
union all
select
    e.usage_date,
    'queries' as line,
    'WAREHOUSE_METERING' as service_type,
    e.warehouse_name,
    e.started_at,
    e.query_tag,
    e.role_name,
    e.user_name,
    e.execution_ms,
    0 as credits_compute,
    0 as credits_cloud_services,
    cast(null as number(38, 10)) as credits_queries,
    0 as credits_adjustment,
    0 as credits_billed
from executions as e
inner join billed_days as b on e.usage_date = b.usage_date
where e.execution_ms > 0;
