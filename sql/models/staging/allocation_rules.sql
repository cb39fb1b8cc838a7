-- metering.allocation_rules: the rules that give cost an owner, version by version, in their order.
--
-- grain:   one row per rule_id, version
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a version is in force until a higher one begins, so a cost row can name the version that
--          decided it. Rules are asked in order of their place; split_by names the weights that a shared
--          cost is split by, and rules that split by one metric share them.

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
        coalesce(document:match.source::varchar, '') as source,
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
    concat(
        lpad(cast(position as varchar), 6, '0'), ' ', rule_id, ' ', lpad(cast(version as varchar), 6, '0')
    ) as place,
    method,
    source,
    owner_tag,
    module_tag,
    service,
    account,
    metric,
    case method
        when 'usage_share' then concat('usage_share ', metric)
        when 'fixed_share' then concat('fixed_share ', rule_id, ' ', cast(version as varchar))
        when 'even' then concat('even ', rule_id, ' ', cast(version as varchar))
        else ''
    end as split_by,
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
