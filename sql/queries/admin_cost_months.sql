-- admin_cost_months: what the platform cost, month by month: by source, and by whose it is.
--
-- grain: one row per period_start, source, disposition
-- binds: first_month, end_month
-- reads: metering.v_cost_trends

select
    period_start,
    source,
    disposition,
    sum(cost_usd) as cost_usd
from metering.v_cost_trends
where period_start >= cast(? as date) and period_start < cast(? as date)
group by period_start, source, disposition
order by period_start, source, disposition;
