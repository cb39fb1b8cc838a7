-- metering.usage_daily: what each tenant used of each metric, day by day.
--
-- grain:   one row per usage_date, tenant_id, module_id, metric
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_events, metering.usage_latest_daily, metering.usage_held_daily
-- why:     a day is the UTC day on which the work happened, not on which it arrived, so a late event
--          changes the day it belongs to. Whether that day has been billed is not asked here. A level
--          that is held has days without events.

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
        iff(
            aggregation = 'max', coalesce(max(iff(is_withdrawn, null, quantity)), 0), sum(quantity)
        )
        as number(38, 6)
    ) as quantity,
    count(*) as event_count
from metering.usage_events
where aggregation in ('sum', 'max')
group by usage_date, tenant_id, module_id, metric, aggregation
union all
select
    usage_date,
    tenant_id,
    module_id,
    metric,
    cast(count(distinct iff(is_withdrawn, null, counted_id)) as number(38, 6)) as quantity,
    count(*) as event_count
from metering.usage_events
where aggregation = 'distinct'
group by usage_date, tenant_id, module_id, metric
union all
select
    usage_date,
    tenant_id,
    module_id,
    metric,
    quantity,
    event_count
from metering.usage_latest_daily
union all
select
    usage_date,
    tenant_id,
    module_id,
    metric,
    quantity,
    event_count
from metering.usage_held_daily;
