-- deliveries_are_whole: every closed delivery has landed with all its rows.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.delivery_files
-- why:     a delivery with a file missing does not count, and somebody has to know.

select
    stream,
    delivery_id,
    file_name,
    expected_rows,
    landed_rows
from metering.delivery_files
where not is_whole
order by 1, 2, 3;
