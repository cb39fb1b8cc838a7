-- closed_usage_is_rated_or_unrated: every metric that a closed month counts is on a line or has no rate.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.period_usage, billing.closed_terms, billing.period_lines, billing.unrated_usage
-- why:     counted = billed + unrated + late: whatever came after the close has a price of the frozen card
--          or is shown as unrated, and is never left out.

with rated as (
    select
        period_start,
        tenant_id,
        metric,
        max(quantity) as quantity
    from billing.period_lines
    where kind in ('levy', 'variable')
    group by period_start, tenant_id, metric
)

select
    u.period_start,
    u.tenant_id,
    u.metric,
    u.quantity as counted,
    coalesce(r.quantity, 0) as rated,
    coalesce(n.quantity, 0) as unrated
from billing.period_usage as u
inner join billing.closed_terms as t
    on u.period_start = t.period_start and u.tenant_id = t.tenant_id and t.term = 'tenant'
left join rated as r
    on u.period_start = r.period_start and u.tenant_id = r.tenant_id and u.metric = r.metric
left join billing.unrated_usage as n
    on u.period_start = n.period_start and u.tenant_id = n.tenant_id and u.metric = n.metric
where u.visibility = 'licensee' and u.quantity <> coalesce(r.quantity, 0) + coalesce(n.quantity, 0)
order by 1, 2, 3;
