-- unattributed_rules: every version of every rule, in the order in which they are asked.
--
-- grain: one row per rule_id, version
-- reads: metering.allocation_rules
-- why:   what is proposed must not repeat what is in force, and comes behind all that is.

select
    rule_id,
    version,
    position,
    method,
    source,
    owner_tag,
    module_tag,
    service,
    account,
    starts_on,
    ends_on
from metering.allocation_rules
order by place;
