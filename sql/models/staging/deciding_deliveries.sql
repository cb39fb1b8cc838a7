-- metering.deciding_deliveries: for each scope and day the one delivery that decides it.
--
-- grain:   one row per stream, scope, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_days_judged
-- why:     the latest complete delivery that covers a day wins it whole; one that replaces retires for
--          its days every earlier delivery of its family, added ones too. A suspicious day waits until
--          somebody accepts it; meanwhile the figures before it stay.

create or alter dynamic table metering.deciding_deliveries
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    stream,
    scope,
    usage_date,
    delivery_id,
    payer,
    ordered_at,
    order_key,
    control_usd,
    amortized_usd
from metering.delivery_days_judged
where not is_suspicious
qualify
    row_number() over (
        partition by stream, scope, usage_date order by order_key desc
    ) = 1
    and order_key >= coalesce(
        max(iff(replaces, order_key, null)) over (partition by stream, family, usage_date), ''
    );
