-- metering.deciding_deliveries: for each scope and day the one delivery that decides it.
--
-- grain:   one row per stream, scope, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_days
-- why:     the latest complete delivery that covers a day wins it whole; one that replaces retires for
--          its days every earlier delivery of its family, added ones too.

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
    control_usd
from metering.delivery_days
qualify
    row_number() over (
        partition by stream, scope, usage_date order by order_key desc
    ) = 1
    and order_key >= coalesce(
        max(iff(replaces, order_key, null)) over (partition by stream, family, usage_date), ''
    );
