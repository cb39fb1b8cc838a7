-- metering.complete_files: the files of complete deliveries.
--
-- grain:   one row per file_name
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.complete_deliveries, metering.delivery_files
-- why:     what is read row by row (catalog, closes, invoices) is read from these files only.

create or alter dynamic table metering.complete_files
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    f.file_name,
    f.stream,
    f.delivery_id
from metering.delivery_files as f
inner join metering.complete_deliveries as d
    on f.stream = d.stream and f.delivery_id = d.delivery_id;
