-- metering.cost_days: the deliveries that a day's bill is made of, with their control totals.
--
-- grain:   one row per usage_date, cost_source, delivery_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.deciding_deliveries, metering.payer_sources
-- why:     what this names and nothing else reaches aws_cost_daily.

create or alter dynamic table metering.cost_days
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.usage_date,
    d.stream as cost_source,
    d.delivery_id,
    d.payer,
    d.ordered_at,
    d.control_usd
from metering.deciding_deliveries as d
inner join metering.payer_sources as s
    on d.payer = s.payer and d.usage_date = s.usage_date and d.stream = s.cost_source;
