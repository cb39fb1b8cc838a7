-- packs_are_whole: a pack of events holds as many as its own count says.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.usage_lines
-- why:     the producer counts before it sends, so an event cut out of a pack on the way is seen, and one
--          that is lost when lines are made of packs. A pack of none is one malformed line.

select
    file_name,
    file_row,
    max(pack_count) as stated,
    count(*) as held
from metering.usage_lines
group by file_name, file_row
having count(*) <> greatest(coalesce(max(pack_count), count(*)), 1)
order by file_name, file_row;
