-- metering.billing_period_summary: the tariff of each tenant, period by period.
--
-- grain:   one row per period_start, tenant_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_lines
-- why:     the running estimate while a month is open: what its lines come to if it closed now. The
--          kinds sum to the total; what is taken off is below zero.

create or alter dynamic table metering.billing_period_summary
target_lag = '4 hours'
warehouse = meterbook_transform
refresh_mode = full
as
select
    period_start,
    tenant_id,
    account_id,
    currency,
    cast(sum(iff(kind = 'levy', amount, 0)) as number(38, 4)) as levy,
    cast(sum(iff(kind = 'facility', amount, 0)) as number(38, 4)) as facility,
    cast(sum(iff(kind = 'variable', amount, 0)) as number(38, 4)) as variable,
    cast(sum(iff(kind = 'minimum', amount, 0)) as number(38, 4)) as minimum,
    cast(sum(iff(kind = 'passthrough', amount, 0)) as number(38, 4)) as passthrough,
    cast(sum(iff(kind = 'discount', amount, 0)) as number(38, 4)) as discount,
    cast(sum(iff(kind = 'credit', amount, 0)) as number(38, 4)) as credit,
    cast(sum(amount) as number(38, 4)) as total
from billing.period_lines
group by period_start, tenant_id, account_id, currency;
