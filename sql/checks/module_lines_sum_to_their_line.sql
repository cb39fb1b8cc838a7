-- module_lines_sum_to_their_line: revenue by module sums to the line that it was divided from.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.period_lines, billing.period_module_lines
-- why:     a margin by module is worth nothing when a cent of revenue is in none of them, or in two.

with both_sides as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        amount_minor,
        0 as divided_minor
    from billing.period_lines
    union all
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        0 as amount_minor,
        amount_minor as divided_minor
    from billing.period_module_lines
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    metric,
    sum(amount_minor) as amount_minor,
    sum(divided_minor) as divided_minor
from both_sides
group by period_start, account_id, tenant_id, kind, metric
having sum(amount_minor) <> sum(divided_minor)
order by 1, 2, 3, 4, 5;
