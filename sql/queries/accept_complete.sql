-- accept_complete: whether a delivery is here whole, so that it could decide anything.
--
-- grain: one row, if it is
-- binds: stream, delivery_id
-- reads: metering.complete_deliveries

select delivery_id
from metering.complete_deliveries
where stream = cast(? as varchar) and delivery_id = cast(? as varchar);
