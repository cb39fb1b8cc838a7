-- metering.estimated_days: days that AWS had only estimated when a delivery told them.
--
-- grain:   one row per stream, delivery_id, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.deliveries
-- why:     what is estimated may still be restated, so a month with such a day is not frozen.

create or alter dynamic table metering.estimated_days
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.record:stream::varchar as stream,
    d.record:delivery_id::varchar as delivery_id,
    f.value::date as usage_date
from metering.deliveries as d, lateral flatten(input => d.record:origin.estimated_days) as f
qualify
    row_number() over (
        partition by d.record:stream::varchar, d.record:delivery_id::varchar, f.value::date
        order by d.file_row
    ) = 1;
