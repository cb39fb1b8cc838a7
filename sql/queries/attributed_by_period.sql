-- attributed_by_period: what AWS cost for each tenant in every month.
--
-- grain: one row per period_start, tenant_id
-- reads: metering.attributed_cost_daily

select
    cast(date_trunc('month', usage_date) as date) as period_start,
    tenant_id,
    sum(cost_usd) as cost_usd
from metering.attributed_cost_daily
where source = 'aws' and disposition = 'attributed'
group by date_trunc('month', usage_date), tenant_id
order by period_start, tenant_id;
