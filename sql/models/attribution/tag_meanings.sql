-- metering.tag_meanings: what the tags and services of a day's cost stand for, where an alias says so.
--
-- grain:   one row per usage_date, tag, raw_value
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_daily, metering.tag_aliases
-- why:     an alias has its days, and a join that keeps what it does not find may only ask for
--          equality.

create or alter dynamic table metering.tag_meanings
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with tags as (
    select distinct
        usage_date,
        'owner' as tag,
        owner_tag as raw_value
    from metering.cost_daily
    union all
    select distinct
        usage_date,
        'module' as tag,
        module_tag as raw_value
    from metering.cost_daily
    union all
    select distinct
        usage_date,
        'service' as tag,
        service as raw_value
    from metering.cost_daily
),

names as (
    select
        usage_date,
        tag,
        raw_value,
        false as is_folded,
        raw_value as match_value
    from tags
    union all
    select
        usage_date,
        tag,
        raw_value,
        true as is_folded,
        lower(replace(replace(replace(replace(raw_value, ' ', ''), '-', ''), '_', ''), '.', ''))
            as match_value
    from tags
)

select
    n.usage_date,
    n.tag,
    n.raw_value,
    a.canonical_value
from names as n
inner join metering.tag_aliases as a
    on
        n.tag = a.tag
        and n.is_folded = a.is_folded
        and n.match_value = a.match_value
        and n.usage_date >= a.starts_on
        and n.usage_date < a.ends_on
qualify
    row_number() over (
        partition by n.usage_date, n.tag, n.raw_value order by n.is_folded, a.alias_id
    ) = 1;
