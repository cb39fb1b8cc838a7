-- admin_unattributed_days: how much of each day's cost of a month nobody owns, beside what is allowed.
--
-- grain: one row per usage_date
-- binds: first_day, end_day
-- reads: metering.v_unattributed_costs

select
    usage_date,
    total_aws_cost_usd,
    unattributed_cost_usd,
    unattributed_share,
    threshold_used,
    is_settled,
    is_without_cost,
    exceeds_threshold
from metering.v_unattributed_costs
where usage_date >= cast(? as date) and usage_date < cast(? as date)
order by usage_date;
