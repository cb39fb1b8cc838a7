-- close_residuals: days of a period whose cost does not sum to what the source stated.
--
-- grain: one row per usage_date, source
-- binds: period_start, period_end
-- reads: metering.cost_conservation
-- why:   a month with a red day is not frozen.

select
    usage_date,
    source,
    control_usd,
    residual_usd
from metering.cost_conservation
where
    usage_date >= cast(? as date)
    and usage_date < cast(? as date)
    and residual_usd <> 0
order by usage_date, source;
