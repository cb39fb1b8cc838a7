-- billing.closed_costs: the cost that each close has frozen, day by day, with the rule that gave it.
--
-- grain:   one row per period_start, account_id, usage_date, source, tenant_id, module_id, resource_type,
--          rule_id, rule_version
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_closes, metering.complete_files
-- why:     what was billed is held against what is known later by the rows it was made from.

create or alter dynamic table billing.closed_costs
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with closes as (
    select
        c.record:period::varchar as period,
        c.record:account_id::varchar as account_id,
        c.record:snapshot.costs as costs
    from billing.landed_closes as c
    inner join metering.complete_files as f on c.file_name = f.file_name
    where c.record:kind::varchar = 'close'
),

entries as (
    select
        cast(concat(c.period, '-01') as date) as period_start,
        c.account_id,
        f.value:usage_date::date as usage_date,
        f.value:source::varchar as source,
        f.value:tenant_id::varchar as tenant_id,
        f.value:module_id::varchar as module_id,
        f.value:resource_type::varchar as resource_type,
        f.value:rule_id::varchar as rule_id,
        f.value:rule_version::number(38, 0) as rule_version,
        f.value:cost_usd::number(38, 12) as cost_usd
    from closes as c, lateral flatten(input => c.costs) as f
)

select
    period_start,
    account_id,
    usage_date,
    source,
    tenant_id,
    module_id,
    resource_type,
    rule_id,
    rule_version,
    max(cost_usd) as cost_usd
from entries
group by
    period_start, account_id, usage_date, source, tenant_id, module_id, resource_type, rule_id,
    rule_version;
