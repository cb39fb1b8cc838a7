-- metering.delivery_days: the days that complete deliveries cover, with the source's own total.
--
-- grain:   one row per stream, delivery_id, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.complete_deliveries
-- why:     control_usd was added up from the source's text before any typing of ours; so was the
--          amortized total, where the source tells one.

create or alter dynamic table metering.delivery_days
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.stream,
    d.delivery_id,
    d.family,
    d.scope,
    d.payer,
    d.ordered_at,
    d.order_key,
    d.replaces,
    f.value:usage_date::date as usage_date,
    f.value:control_usd::number(38, 12) as control_usd,
    f.value:amortized_usd::number(38, 12) as amortized_usd
from metering.complete_deliveries as d, lateral flatten(input => d.days) as f;
