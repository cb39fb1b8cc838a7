-- metering.v_period_faults: why an account cannot be billed for a period as it stands.
--
-- grain:   one row per period_start, account_id, tenant_id, reason, detail
-- kind:    view, published
-- reads:   billing.period_faults
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_period_faults
as
select
    period_start,
    account_id,
    tenant_id,
    reason,
    detail
from billing.period_faults;
