-- watch_latest_day: the latest settled day and how much of its cost nobody owned; no row before one.
--
-- grain: one row at most
-- reads: metering.unattributed_costs

select
    usage_date,
    unattributed_share,
    exceeds_threshold
from metering.unattributed_costs
where is_settled
order by usage_date desc
limit 1;
