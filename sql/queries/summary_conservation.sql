-- summary_conservation: what all days cost by the source's own word, and who has it.
--
-- reads: metering.cost_conservation
-- why:   residuals are added up without their signs, so that two red days never make a green month.

select
    coalesce(sum(control_usd), 0) as control_usd,
    coalesce(sum(typed_usd), 0) as typed_usd,
    coalesce(sum(attributed_usd), 0) as attributed_usd,
    coalesce(sum(kept_usd), 0) as kept_usd,
    coalesce(sum(unattributed_usd), 0) as unattributed_usd,
    coalesce(sum(abs(residual_usd)), 0) as residual_usd,
    min(usage_date) as first_day,
    max(usage_date) as last_day
from metering.cost_conservation;
