-- usage_by_period: what every tenant used of every metric in every month, as it is billed.
--
-- grain: one row per period_start, tenant_id, metric
-- reads: billing.period_usage
-- why:   by it two books that differ in their catalog are compared.

select
    period_start,
    tenant_id,
    metric,
    quantity
from billing.period_usage
order by period_start, tenant_id, metric;
