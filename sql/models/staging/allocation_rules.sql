-- metering.allocation_rules: the rules that give cost an owner, version by version.
--
-- grain:   one row per rule_id, version
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a version is in force until a higher one begins, so a cost row can name the version that
--          decided it.

create or alter dynamic table metering.allocation_rules
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with versions as (
    select
        document:id::varchar as rule_id,
        document:version::number(38, 0) as version,
        document:position::number(38, 0) as position,
        document:method::varchar as method,
        document:match.owner_tag::varchar as owner_tag,
        document:match.module_tag::varchar as module_tag,
        document:match.service::varchar as service,
        document:match.account::varchar as account,
        document:metric::varchar as metric,
        starts_on,
        ends_on
    from metering.catalog_documents
    where kind = 'allocation_rule'
)

select
    rule_id,
    version,
    position,
    method,
    owner_tag,
    module_tag,
    service,
    account,
    metric,
    starts_on,
    least(
        ends_on,
        coalesce(
            min(starts_on) over (
                partition by rule_id order by version
                rows between 1 following and unbounded following
            ),
            cast('9999-12-31' as date)
        )
    ) as ends_on
from versions;
