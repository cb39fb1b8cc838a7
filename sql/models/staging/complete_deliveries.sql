-- metering.complete_deliveries: the deliveries that count: closed, and landed whole.
--
-- grain:   one row per stream, delivery_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_records, metering.delivery_files
-- why:     law 2 speaks of the latest complete delivery; a cut one is as if it were not there.

create or alter dynamic table metering.complete_deliveries
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with incomplete as (
    select
        stream,
        delivery_id,
        count(*) as file_count
    from metering.delivery_files
    where not is_whole
    group by stream, delivery_id
)

select
    r.stream,
    r.delivery_id,
    r.family,
    r.scope,
    r.payer,
    r.ordered_at,
    r.order_key,
    r.replaces,
    r.days
from metering.delivery_records as r
left join incomplete as i on r.stream = i.stream and r.delivery_id = i.delivery_id
where i.file_count is null;
