-- packs_are_whole: a pack of events holds as many as its own count says.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.landed_usage
-- why:     the producer counts before it sends, so an event cut out of a pack on the way is seen.

select
    file_name,
    file_row,
    record:detail.count::number(38, 0) as stated,
    coalesce(array_size(record:detail.events), 0) as held
from metering.landed_usage
where
    coalesce(is_array(record:detail.events), false)
    and coalesce(array_size(record:detail.events), 0)
    <> coalesce(record:detail.count::number(38, 0), array_size(record:detail.events))
order by 1, 2;
