-- metering.rule_owners: the tenants that a rule names, with the share that was agreed for each.
--
-- grain:   one row per rule_id, rule_version, tenant_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     fixed shares are decimals that sum to one; who shares evenly has a share of one each.

create or alter dynamic table metering.rule_owners
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with agreed as (
    select
        d.document:id::varchar as rule_id,
        d.document:version::number(38, 0) as rule_version,
        f.value:tenant_id::varchar as tenant_id,
        f.value:share::number(38, 6) as share
    from metering.catalog_documents as d, lateral flatten(input => d.document:shares) as f
    where d.kind = 'allocation_rule'
),

listed as (
    select
        d.document:id::varchar as rule_id,
        d.document:version::number(38, 0) as rule_version,
        f.value::varchar as tenant_id,
        cast(1 as number(38, 6)) as share
    from metering.catalog_documents as d, lateral flatten(input => d.document:tenants) as f
    where d.kind = 'allocation_rule'
)

select
    rule_id,
    rule_version,
    tenant_id,
    share
from agreed
union all
select
    rule_id,
    rule_version,
    tenant_id,
    share
from listed;
