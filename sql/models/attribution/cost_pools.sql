-- metering.cost_pools: shared cost, summed to pools before it is split.
--
-- grain:   one row per usage_date, source, rule_id, rule_version, module_id, resource_type
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.ruled_cost_daily
-- why:     pools are summed first, so that a split cuts as few times as possible; the module stays the
--          cost's own. All cost is in USD; pool_units are whole numbers of 10^-12 of it.

create or alter dynamic table metering.cost_pools
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    usage_date,
    source,
    rule_id,
    rule_version,
    method,
    split_by,
    module_id,
    resource_type,
    cast(sum(cost_usd) * 1000000000000 as number(38, 0)) as pool_units
from metering.ruled_cost_daily
where split_by <> ''
group by usage_date, source, rule_id, rule_version, method, split_by, module_id, resource_type;
