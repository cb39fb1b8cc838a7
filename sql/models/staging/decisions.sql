-- billing.decisions: what people decided, each with its actor and its reason.
--
-- grain:   one row per decision, stream, subject
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_decisions, metering.complete_files
-- why:     a human choice that changes money is a fact with a name beside it.

create or alter dynamic table billing.decisions
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.record:decision::varchar as decision,
    d.record:stream::varchar as stream,
    d.record:subject::varchar as subject,
    d.record:actor::varchar as actor,
    d.record:reason::varchar as reason,
    cast(left(d.record:decided_at::varchar, 26) as timestamp_ntz(6)) as decided_at
from billing.landed_decisions as d
inner join metering.complete_files as f on d.file_name = f.file_name
qualify
    row_number() over (
        partition by d.record:decision::varchar, d.record:stream::varchar, d.record:subject::varchar
        order by d.record:decided_at::varchar, d.file_name, d.file_row
    ) = 1;
