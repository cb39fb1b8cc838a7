-- metering.snowflake_credit_daily: the credits that each owner used of each warehouse, by kind.
--
-- grain:   one row per usage_date, warehouse_name, owner, kind
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.snowflake_credit_parts, metering.snowflake_credit_lines
-- why:     what Snowflake takes off for cloud services is told by the day, so it is divided in proportion
--          to the cloud services of the day and stated as a kind of its own. Services without a warehouse
--          have no owner until a rule gives them one. An owner may be a pool, which rules divide further.

create or alter dynamic table metering.snowflake_credit_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with adjustments as (
    select
        usage_date,
        cast(sum(credits_adjustment) * 10000000000 as number(38, 0)) as adjustment_units
    from metering.snowflake_credit_lines
    where line = 'service'
    group by usage_date
    having sum(credits_adjustment) <> 0
),

cloud_services as (
    select
        usage_date,
        owner,
        warehouse_name,
        sum(credit_units) as weight
    from metering.snowflake_credit_parts
    where kind = 'cloud_services'
    group by usage_date, owner, warehouse_name
    having sum(credit_units) > 0
),

running as (
    select
        usage_date,
        owner,
        warehouse_name,
        weight,
        sum(weight) over (
            partition by usage_date order by owner, warehouse_name
            rows between unbounded preceding and current row
        ) as weight_to_here,
        sum(weight) over (partition by usage_date) as weight_of_all
    from cloud_services
),

numerators as (
    select
        usage_date,
        owner,
        warehouse_name,
        cast(weight_of_all as number(38, 0)) as weight_of_all,
        cast(weight_to_here * 1000000000000 as number(38, 0)) as numerator_to_here,
        cast((weight_to_here - weight) * 1000000000000 as number(38, 0)) as numerator_before
    from running
),

shares as (
    select
        usage_date,
        owner,
        warehouse_name,
        cast(
            (numerator_before - mod(numerator_before, weight_of_all)) / weight_of_all as number(38, 0)
        ) as share_before,
        cast(
            (numerator_to_here - mod(numerator_to_here, weight_of_all)) / weight_of_all
            as number(38, 0)
        ) as share_to_here
    from numerators
),

cuts as (
    select
        a.usage_date,
        s.owner,
        s.warehouse_name,
        cast(sign(a.adjustment_units) as number(1, 0)) as adjustment_sign,
        cast(abs(a.adjustment_units) * s.share_before as number(38, 0)) as before_units,
        cast(abs(a.adjustment_units) * s.share_to_here as number(38, 0)) as to_here_units
    from adjustments as a
    inner join shares as s on a.usage_date = s.usage_date
),

shared_days as (
    select distinct usage_date
    from shares
),

entries as (
    select
        usage_date,
        warehouse_name,
        owner,
        kind,
        credit_units
    from metering.snowflake_credit_parts
    union all
    select
        usage_date,
        warehouse_name,
        owner,
        'adjustment' as kind,
        adjustment_sign * (
            cast((to_here_units - mod(to_here_units, 1000000000000)) / 1000000000000 as number(38, 0))
            - cast((before_units - mod(before_units, 1000000000000)) / 1000000000000 as number(38, 0))
        ) as credit_units
    from cuts
    union all
    select
        a.usage_date,
        '' as warehouse_name,
        '' as owner,
        'adjustment' as kind,
        a.adjustment_units as credit_units
    from adjustments as a
    left join shared_days as s on a.usage_date = s.usage_date
    where s.usage_date is null
    union all
    select
        usage_date,
        '' as warehouse_name,
        '' as owner,
        lower(service_type) as kind,
        cast((credits_compute + credits_cloud_services) * 10000000000 as number(38, 0)) as credit_units
    from metering.snowflake_credit_lines
    where line = 'service' and service_type <> 'WAREHOUSE_METERING'
)

select
    usage_date,
    warehouse_name,
    owner,
    kind,
    cast(cast(sum(credit_units) as number(38, 0)) * 0.0000000001 as number(38, 10)) as credits
from entries
group by usage_date, warehouse_name, owner, kind
having sum(credit_units) <> 0;
