-- summary_usage: how much each tenant used over all days, all metrics together.
--
-- reads: metering.usage_daily

select
    tenant_id,
    sum(event_count) as event_count,
    sum(quantity) as quantity,
    min(usage_date) as first_day,
    max(usage_date) as last_day
from metering.usage_daily
group by tenant_id
order by tenant_id;
