-- metering.snowflake_credit_parts: each warehouse-hour, divided among those who ran queries in it.
--
-- grain:   one row per usage_date, warehouse_name, started_at, owner, kind
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.snowflake_credit_lines, metering.snowflake_query_owners
-- why:     shares of execution time sum to one in each hour, so that the parts are the hour. What no query
--          is charged for is idle; it goes with the queries too, as a kind of its own that a rule can
--          keep. Amounts are whole numbers of 10^-10 credits, cut like every split.

create or alter dynamic table metering.snowflake_credit_parts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with hours as (
    select
        usage_date,
        warehouse_name,
        started_at,
        cast(
            least(credits_compute, coalesce(credits_queries, credits_compute)) * 10000000000
            as number(38, 0)
        ) as compute_units,
        cast(
            (credits_compute - least(credits_compute, coalesce(credits_queries, credits_compute)))
            * 10000000000 as number(38, 0)
        ) as idle_units,
        cast(credits_cloud_services * 10000000000 as number(38, 0)) as cloud_units
    from metering.snowflake_credit_lines
    where line = 'warehouse'
),

executions as (
    select
        l.usage_date,
        l.warehouse_name,
        l.started_at,
        o.owner,
        sum(l.execution_ms) as weight
    from metering.snowflake_credit_lines as l
    inner join metering.snowflake_query_owners as o
        on
            l.usage_date = o.usage_date
            and l.warehouse_name = o.warehouse_name
            and l.query_tag = o.query_tag
            and l.role_name = o.role_name
            and l.user_name = o.user_name
    where l.line = 'queries'
    group by l.usage_date, l.warehouse_name, l.started_at, o.owner
),

busy_hours as (
    select distinct
        usage_date,
        warehouse_name,
        started_at
    from executions
),

weights as (
    select
        usage_date,
        warehouse_name,
        started_at,
        owner,
        weight
    from executions
    union all
    select
        h.usage_date,
        h.warehouse_name,
        h.started_at,
        o.owner,
        1 as weight
    from hours as h
    inner join metering.snowflake_query_owners as o
        on
            h.usage_date = o.usage_date
            and h.warehouse_name = o.warehouse_name
            and o.query_tag = ''
            and o.role_name = ''
            and o.user_name = ''
    left join busy_hours as b
        on
            h.usage_date = b.usage_date
            and h.warehouse_name = b.warehouse_name
            and h.started_at = b.started_at
    where b.usage_date is null
),

running as (
    select
        usage_date,
        warehouse_name,
        started_at,
        owner,
        weight,
        sum(weight) over (
            partition by usage_date, warehouse_name, started_at order by owner
            rows between unbounded preceding and current row
        ) as weight_to_here,
        sum(weight) over (partition by usage_date, warehouse_name, started_at) as weight_of_all
    from weights
),

numerators as (
    select
        usage_date,
        warehouse_name,
        started_at,
        owner,
        cast(weight_of_all as number(38, 0)) as weight_of_all,
        cast(weight_to_here * 1000000000000 as number(38, 0)) as numerator_to_here,
        cast((weight_to_here - weight) * 1000000000000 as number(38, 0)) as numerator_before
    from running
),

shares as (
    select
        usage_date,
        warehouse_name,
        started_at,
        owner,
        cast(
            (numerator_before - mod(numerator_before, weight_of_all)) / weight_of_all as number(38, 0)
        ) as share_before,
        cast(
            (numerator_to_here - mod(numerator_to_here, weight_of_all)) / weight_of_all
            as number(38, 0)
        ) as share_to_here
    from numerators
),

amounts as (
    select
        usage_date,
        warehouse_name,
        started_at,
        'compute' as kind,
        compute_units as units
    from hours
    union all
    select
        usage_date,
        warehouse_name,
        started_at,
        'idle' as kind,
        idle_units as units
    from hours
    union all
    select
        usage_date,
        warehouse_name,
        started_at,
        'cloud_services' as kind,
        cloud_units as units
    from hours
),

cuts as (
    select
        a.usage_date,
        a.warehouse_name,
        a.started_at,
        s.owner,
        a.kind,
        s.share_before,
        s.share_to_here,
        cast(a.units * s.share_before as number(38, 0)) as before_units,
        cast(a.units * s.share_to_here as number(38, 0)) as to_here_units
    from amounts as a
    inner join shares as s
        on
            a.usage_date = s.usage_date
            and a.warehouse_name = s.warehouse_name
            and a.started_at = s.started_at
)

select
    usage_date,
    warehouse_name,
    started_at,
    owner,
    kind,
    (share_to_here - share_before) * 0.000000000001 as share,
    cast((to_here_units - mod(to_here_units, 1000000000000)) / 1000000000000 as number(38, 0))
    - cast((before_units - mod(before_units, 1000000000000)) / 1000000000000 as number(38, 0))
        as credit_units
from cuts;
