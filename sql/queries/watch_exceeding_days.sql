-- watch_exceeding_days: the settled days on which the share of unowned cost was above the threshold.
--
-- grain: one row per usage_date
-- reads: metering.unattributed_costs
-- why:   the verdict is the model's alone; who watches only passes it on.

select
    usage_date,
    total_aws_cost_usd,
    unattributed_cost_usd,
    unattributed_share,
    threshold_used
from metering.unattributed_costs
where exceeds_threshold
order by usage_date;
