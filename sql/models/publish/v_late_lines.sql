-- metering.v_late_lines: what closed months should have been billed and were not.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    view, published
-- reads:   billing.late_lines
-- why:     published so that nobody reads a table from outside; the next close makes adjustments of it.

create or replace view metering.v_late_lines
as
select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    refers_kind,
    refers_subject,
    currency,
    known_amount,
    billed_amount,
    late_amount
from billing.late_lines;
