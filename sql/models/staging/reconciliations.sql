-- validation.reconciliations: the verdicts on whether the sources of a period tell the same.
--
-- grain:   one row per verdict_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   validation.landed_verdicts, metering.complete_files
-- why:     a verdict is kept as it was given, with the tolerance of its moment; a later one is another row.

create or alter dynamic table validation.reconciliations
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    v.record:verdict_id::varchar as verdict_id,
    cast(concat(v.record:period::varchar, '-01') as date) as period_start,
    cast(left(v.record:reconciled_at::varchar, 26) as timestamp_ntz(6)) as reconciled_at,
    v.record:tolerance_usd::number(38, 12) as tolerance_usd,
    v.record:verdict::varchar as verdict,
    v.record:day_count::number(38, 0) as day_count,
    v.record:compared_count::number(38, 0) as compared_count,
    v.record:difference_count::number(38, 0) as difference_count,
    v.record:incomplete_count::number(38, 0) as incomplete_count
from validation.landed_verdicts as v
inner join metering.complete_files as f on v.file_name = f.file_name
where v.record:kind::varchar = 'verdict'
qualify
    row_number() over (
        partition by v.record:verdict_id::varchar order by v.file_name, v.file_row
    ) = 1;
