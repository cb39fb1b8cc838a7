-- metering.usage_daily: what each tenant used of each metric, day by day.
--
-- grain:   one row per usage_date, tenant_id, module_id, metric
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_events
-- why:     a day is the UTC day on which the work happened, not on which it arrived, so a late event
--          changes the day it belongs to. Whether that day has been billed is not asked here.

create or alter dynamic table metering.usage_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    usage_date,
    tenant_id,
    module_id,
    metric,
    cast(
        iff(max(aggregation) = 'distinct', count(distinct counted_id), sum(quantity)) as number(38, 6)
    ) as quantity,
    count(*) as event_count
from metering.usage_events
group by usage_date, tenant_id, module_id, metric;
