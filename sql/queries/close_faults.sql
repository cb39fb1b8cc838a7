-- close_faults: what parks an account of a period, in words.
--
-- grain: one row per account_id, tenant_id, reason, detail
-- binds: period_start
-- reads: billing.period_faults

select
    account_id,
    tenant_id,
    reason,
    detail
from billing.period_faults
where period_start = cast(? as date)
order by account_id, tenant_id, reason, detail;
