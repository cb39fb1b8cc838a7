-- billing.account_credits: amounts that are taken off the bill of a tenant for one period.
--
-- grain:   one row per account_id, tenant_id, credit_id, period_start
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a commercial credit is positive here and taken off on the bill.

create or alter dynamic table billing.account_credits
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as account_id,
    f.value:tenant_id::varchar as tenant_id,
    f.value:id::varchar as credit_id,
    cast(concat(f.value:period::varchar, '-01') as date) as period_start,
    f.value:amount::number(38, 6) as amount
from metering.catalog_documents as d, lateral flatten(input => d.document:credits) as f
where d.kind = 'account';
