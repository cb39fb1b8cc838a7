-- metering.cost_rules: every rule that a cost can be decided by, and the last one, which is none.
--
-- grain:   one row per place
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.allocation_rules, metering.config
-- why:     what no rule decides is decided to have no owner, so that no cost can fall out between the
--          rules. The last place is there as soon as there is a catalog, for it always has CONFIG.

create or alter dynamic table metering.cost_rules
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    place,
    rule_id,
    version as rule_version,
    method,
    metric,
    split_by,
    source,
    owner_tag,
    module_tag,
    service,
    account,
    starts_on,
    ends_on
from metering.allocation_rules
union all
select distinct
    '~' as place,
    '' as rule_id,
    0 as rule_version,
    'none' as method,
    '' as metric,
    '' as split_by,
    '' as source,
    '' as owner_tag,
    '' as module_tag,
    '' as service,
    '' as account,
    cast('0001-01-01' as date) as starts_on,
    cast('9999-12-31' as date) as ends_on
from metering.config;
