-- no_line_is_billed_twice: an invoice has at most one line for a tenant, kind, module, metric, tier and
-- plan version.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.invoice_lines
-- why:     a safety bound: whatever went wrong before, nobody is billed twice for one thing.

select
    period_start,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    plan_id,
    plan_version,
    count(*) as lines
from billing.invoice_lines
where document_kind = 'invoice' and kind <> 'adjustment'
group by period_start, tenant_id, kind, module_id, metric, tier, plan_id, plan_version
having count(*) > 1
order by 1, 2, 3, 4, 5;
