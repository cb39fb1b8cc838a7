-- no_usage_is_lost: landed = duplicates + rejected + counted, for each landing file.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.usage_lines, metering.usage_repeats, metering.usage_rejects, metering.usage_events
-- why:     what has landed is what the lines say; that these are as many as their packs say they hold is
--          the check packs_are_whole.

with lines as (
    select
        file_name,
        1 as landed,
        0 as duplicates,
        0 as rejected,
        0 as counted
    from metering.usage_lines
    union all
    select
        file_name,
        0 as landed,
        iff(is_conflict, 0, 1) as duplicates,
        0 as rejected,
        0 as counted
    from metering.usage_repeats
    union all
    select
        file_name,
        0 as landed,
        0 as duplicates,
        1 as rejected,
        0 as counted
    from metering.usage_rejects
    union all
    select
        file_name,
        0 as landed,
        0 as duplicates,
        0 as rejected,
        1 as counted
    from metering.usage_events
)

select
    file_name,
    sum(landed) as landed,
    sum(duplicates) as duplicates,
    sum(rejected) as rejected,
    sum(counted) as counted
from lines
group by file_name
having sum(landed) <> sum(duplicates) + sum(rejected) + sum(counted)
order by file_name;
