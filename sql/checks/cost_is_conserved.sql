-- cost_is_conserved: control = attributed + kept + unattributed, on every day.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.cost_conservation
-- why:     the control total did not pass through our typing; any other sum is a fault of ours or of
--          the source.

select
    usage_date,
    source,
    control_usd,
    attributed_usd,
    kept_usd,
    unattributed_usd,
    residual_usd
from metering.cost_conservation
where residual_usd <> 0 or typed_usd <> control_usd
order by 1, 2;
