-- metering.v_usage_rejects: usage events that are not billed, each with its reason.
--
-- grain:   one row per tenant_id, source, event_id, metric, time_text, quantity_text, reason
-- kind:    view, published
-- reads:   metering.usage_rejects
-- why:     an event that came twice is refused once here; where its lines lie is in the table behind.

create or replace view metering.v_usage_rejects
as
select distinct
    tenant_id,
    source,
    event_id,
    module_id,
    metric,
    time_text,
    quantity_text,
    reason
from metering.usage_rejects;
