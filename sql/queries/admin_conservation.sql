-- admin_conservation: whether each day's cost of a month sums to what its source stated.
--
-- grain: one row per usage_date, source
-- binds: first_day, end_day
-- reads: metering.v_cost_conservation

select
    usage_date,
    source,
    control_usd,
    attributed_usd,
    kept_usd,
    unattributed_usd,
    residual_usd
from metering.v_cost_conservation
where usage_date >= cast(? as date) and usage_date < cast(? as date)
order by usage_date, source;
