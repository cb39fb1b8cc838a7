-- summary_attributed: what was spent for each tenant over all days.
--
-- reads: metering.attributed_cost_daily

select
    tenant_id,
    sum(cost_usd) as cost_usd
from metering.attributed_cost_daily
where disposition = 'attributed'
group by tenant_id
order by tenant_id;
