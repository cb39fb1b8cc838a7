-- publish_estimated: days whose cost AWS has only estimated so far.
--
-- grain: one row per usage_date
-- binds: period_start, period_end
-- reads: metering.deciding_deliveries, metering.estimated_days

select distinct d.usage_date
from metering.deciding_deliveries as d
inner join metering.estimated_days as e
    on
        d.stream = e.stream
        and d.delivery_id = e.delivery_id
        and d.usage_date = e.usage_date
where d.usage_date >= cast(? as date) and d.usage_date < cast(? as date)
order by d.usage_date;
