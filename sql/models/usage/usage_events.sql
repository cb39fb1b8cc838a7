-- metering.usage_events: usage events that count, each once for ever.
--
-- grain:   one row per tenant_id, source, event_id
-- kind:    dynamic table, incremental
-- refresh: append by tenant_id, source, event_id
-- reads:   metering.usage_judged
-- why:     of several lines with one key the smallest (event time, payload hash) counts, whatever came
--          first; so arrival order decides nothing.

create or alter dynamic table metering.usage_events
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    tenant_id,
    source,
    event_id,
    module_id,
    metric,
    aggregation,
    counted_id,
    quantity,
    event_time,
    usage_date,
    period_start,
    payload_hash
from metering.usage_judged
where reason is null
qualify row_number() over (
    partition by tenant_id, source, event_id
    order by event_time, payload_hash
) = 1;
