-- metering.v_billing_period_summary: the tariff of each tenant, period by period.
--
-- grain:   one row per period_start, tenant_id
-- kind:    view, published
-- reads:   metering.billing_period_summary
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_billing_period_summary
as
select
    period_start,
    tenant_id,
    account_id,
    currency,
    levy,
    facility,
    variable,
    minimum,
    passthrough,
    discount,
    credit,
    total
from metering.billing_period_summary;
