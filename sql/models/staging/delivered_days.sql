-- metering.delivered_days: since when each day's bill of AWS is as it stands.
--
-- grain:   one row per usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.cost_days
-- why:     a day is settled when all that its bill is made of was told long enough after the day; the
--          earliest of its deliveries decides that.

create or alter dynamic table metering.delivered_days
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    usage_date,
    min(ordered_at) as ordered_at
from metering.cost_days
where cost_source <> 'external_cost'
group by usage_date;
