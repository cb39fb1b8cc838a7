-- explain_credits: the Snowflake credits that a tenant used, day by day.
--
-- grain: one row per usage_date, warehouse_name, kind
-- binds: tenant_id, first_day, end_day
-- reads: metering.snowflake_credit_daily

select
    usage_date,
    warehouse_name,
    kind,
    credits
from metering.snowflake_credit_daily
where
    owner = cast(? as varchar)
    and usage_date >= cast(? as date)
    and usage_date < cast(? as date)
order by usage_date, warehouse_name, kind;
