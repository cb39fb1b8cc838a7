-- suspicious_days: days that a delivery tells suspiciously low, and what is held in their place.
--
-- grain: one row per stream, delivery_id, usage_date
-- reads: metering.delivery_days_judged, metering.deciding_deliveries
-- why:   a day waits for a person only as long as nothing later has decided it.

select
    j.stream,
    j.delivery_id,
    j.usage_date,
    j.control_usd as told_usd,
    d.control_usd as held_usd,
    j.order_key > coalesce(d.order_key, '') as is_waiting
from metering.delivery_days_judged as j
left join metering.deciding_deliveries as d
    on j.stream = d.stream and j.scope = d.scope and j.usage_date = d.usage_date
where j.is_suspicious
order by j.stream, j.delivery_id, j.usage_date;
