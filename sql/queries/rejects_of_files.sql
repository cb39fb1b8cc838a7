-- rejects_of_files: why events of each landed file are not billed, how many, and the first of them.
--
-- grain: one row per file_name, reason
-- reads: metering.usage_rejects
-- why:   the command that landed the files knows their names and picks its own from the answer.

with numbered as (
    select
        file_name,
        reason,
        event_id,
        row_number() over (partition by file_name, reason order by file_row, ordinal) as place,
        count(*) over (partition by file_name, reason) as event_count
    from metering.usage_rejects
)

select
    file_name,
    reason,
    event_count,
    event_id as first_event_id
from numbered
where place = 1
order by file_name, reason;
