-- explain_events: the events that a tenant's quantity of a metric is made of, with when each came.
--
-- grain: one row per source, event_id
-- binds: tenant_id, metric, first_day, end_day
-- reads: metering.usage_events, metering.delivery_files, metering.delivery_records
-- why:   ordered_at is the place of the delivery in order, so that what came after a close is told
--        apart from what it counted. What a stream wrote on its own has none.

select
    e.usage_date,
    e.module_id,
    e.event_time,
    e.source,
    e.event_id,
    e.counted_id,
    e.quantity,
    e.is_withdrawn,
    e.file_name,
    e.file_row,
    e.ordinal,
    r.ordered_at
from metering.usage_events as e
left join metering.delivery_files as f on e.file_name = f.file_name and f.stream = 'usage'
left join metering.delivery_records as r on f.stream = r.stream and f.delivery_id = r.delivery_id
where
    e.tenant_id = cast(? as varchar)
    and e.metric = cast(? as varchar)
    and e.usage_date >= cast(? as date)
    and e.usage_date < cast(? as date)
order by e.usage_date, e.module_id, e.event_time, e.source, e.event_id;
