-- status_faults: what stands between an account and its bill.
--
-- reads: billing.period_faults

select
    period_start,
    account_id,
    tenant_id,
    reason,
    detail
from billing.period_faults
order by period_start, account_id, tenant_id, reason, detail;
