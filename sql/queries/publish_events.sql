-- publish_events: the events of all tenants on one day, as their tenants may see them.
--
-- grain: one row per tenant_id, source, event_id
-- binds: usage_date
-- reads: metering.usage_events, metering.metrics, metering.delivery_files, metering.delivery_records
-- why:   a metric that only weighs cost is ours and not the licensee's.

select
    e.tenant_id,
    e.metric,
    e.module_id,
    e.event_time,
    e.source,
    e.event_id,
    e.counted_id,
    e.quantity,
    m.unit,
    e.is_withdrawn,
    e.file_name,
    e.file_row,
    e.ordinal,
    r.ordered_at
from metering.usage_events as e
inner join metering.metrics as m on e.metric = m.metric
left join metering.delivery_files as f on e.file_name = f.file_name and f.stream = 'usage'
left join metering.delivery_records as r on f.stream = r.stream and f.delivery_id = r.delivery_id
where
    e.usage_date = cast(? as date)
    and m.visibility = 'licensee'
order by e.tenant_id, e.event_time, e.source, e.event_id;
