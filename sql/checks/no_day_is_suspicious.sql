-- no_day_is_suspicious: no settled day came back empty or halved and waits for a person.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.delivery_days_judged, metering.deciding_deliveries
-- why:     the figures before it stay until somebody accepts the new ones, or a later delivery is good
--          again or replaces them.

with replaced as (
    select
        stream,
        family,
        usage_date,
        max(order_key) as order_key
    from metering.delivery_days_judged
    where replaces
    group by stream, family, usage_date
)

select
    j.stream,
    j.scope,
    j.usage_date,
    j.delivery_id,
    j.highest_usd,
    j.control_usd
from metering.delivery_days_judged as j
left join metering.deciding_deliveries as d
    on j.stream = d.stream and j.scope = d.scope and j.usage_date = d.usage_date
left join replaced as r
    on j.stream = r.stream and j.family = r.family and j.usage_date = r.usage_date
where
    j.is_suspicious
    and j.order_key > greatest(coalesce(d.order_key, ''), coalesce(r.order_key, ''))
order by 1, 2, 3, 4;
