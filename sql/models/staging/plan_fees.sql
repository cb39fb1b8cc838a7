-- billing.plan_fees: the facility fee of each module on a plan version.
--
-- grain:   one row per plan_id, plan_version, module_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a module that is free says so with a fee of zero; one without a fee parks the account.

create or alter dynamic table billing.plan_fees
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.document:id::varchar as plan_id,
    d.document:version::number(38, 0) as plan_version,
    f.value:module_id::varchar as module_id,
    f.value:fee::number(38, 6) as fee
from metering.catalog_documents as d, lateral flatten(input => d.document:facility_fees) as f
where d.kind = 'plan';
