-- admin_margin_months: what each tenant brought in and cost, month by month.
--
-- grain: one row per tenant_id, period_start
-- binds: first_month, end_month
-- reads: metering.v_unit_economics

select
    tenant_id,
    period_start,
    iff(count(revenue_usd) = count(*), sum(revenue_usd), null) as revenue_usd,
    sum(cost_to_serve_usd) as cost_to_serve_usd,
    iff(count(margin_usd) = count(*), sum(margin_usd), null) as margin_usd
from metering.v_unit_economics
where period_start >= cast(? as date) and period_start < cast(? as date)
group by tenant_id, period_start
order by tenant_id, period_start;
