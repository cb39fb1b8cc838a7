-- accept_totals: what the deliveries that decide a stream's days say the days cost.
--
-- grain: one row per scope, usage_date
-- binds: stream
-- reads: metering.deciding_deliveries
-- why:   asked before and after a decision, it tells what the decision has changed.

select
    scope,
    usage_date,
    control_usd
from metering.deciding_deliveries
where stream = cast(? as varchar)
order by usage_date, scope;
