-- summary_conservation: what all days cost by each source's own word, and who has it.
--
-- grain: one row per source
-- reads: metering.cost_conservation
-- why:   residuals are added up without their signs, so that two red days never make a green month.

select
    source,
    sum(control_usd) as control_usd,
    sum(typed_usd) as typed_usd,
    sum(attributed_usd) as attributed_usd,
    sum(split_usd) as split_usd,
    sum(kept_usd) as kept_usd,
    sum(unattributed_usd) as unattributed_usd,
    sum(abs(residual_usd)) as residual_usd,
    min(usage_date) as first_day,
    max(usage_date) as last_day
from metering.cost_conservation
group by source
order by source;
