-- metering.cost_files: the landed files that each day's bill is read from.
--
-- grain:   one row per usage_date, file_name
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.cost_days, metering.delivery_files
-- why:     a file may hold days that a later delivery decides; only the named days of it count.

create or alter dynamic table metering.cost_files
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.usage_date,
    f.file_name,
    d.payer,
    d.is_amortized
from metering.cost_days as d
inner join metering.delivery_files as f
    on d.cost_source = f.stream and d.delivery_id = f.delivery_id;
