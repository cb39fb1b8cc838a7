-- metering.usage_events: usage events that count, each once for ever, on the day they count on.
--
-- grain:   one row per tenant_id, source, event_id
-- kind:    view
-- reads:   metering.usage_firsts, metering.usage_reversals
-- why:     a correction stands on the day of the event that it corrects. An event that was withdrawn
--          and the correction that withdrew it are both counted, and add nothing.

create or replace view metering.usage_events
as
select
    f.file_name,
    f.file_row,
    f.ordinal,
    f.tenant_id,
    f.source,
    f.event_id,
    f.module_id,
    f.metric,
    f.aggregation,
    f.counted_id,
    f.quantity,
    f.event_time,
    f.usage_date,
    r.file_name is not null as is_withdrawn
from metering.usage_firsts as f
left join metering.usage_reversals as r
    on f.file_name = r.file_name and f.file_row = r.file_row and f.ordinal = r.ordinal
where f.reverses = ''
union all
select
    file_name,
    file_row,
    ordinal,
    tenant_id,
    source,
    event_id,
    module_id,
    metric,
    aggregation,
    '' as counted_id,
    quantity,
    event_time,
    usage_date,
    part = 'withdraws' as is_withdrawn
from metering.usage_reversals
where part in ('corrects', 'withdraws');
