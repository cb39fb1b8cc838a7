-- admin_reconciliations: the verdicts on a month, the latest first.
--
-- grain: one row per verdict_id
-- binds: period_start
-- reads: metering.v_reconciliations

select
    verdict_id,
    reconciled_at,
    tolerance_usd,
    verdict,
    day_count,
    compared_count,
    difference_count,
    incomplete_count
from metering.v_reconciliations
where period_start = cast(? as date)
order by reconciled_at desc, verdict_id asc;
