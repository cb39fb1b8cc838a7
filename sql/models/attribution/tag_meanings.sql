-- metering.tag_meanings: what the tags of a day's cost stand for, where an alias says so.
--
-- grain:   one row per usage_date, tag, raw_value
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.aws_cost_daily, metering.tag_aliases
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
    from metering.aws_cost_daily
    union all
    select distinct
        usage_date,
        'module' as tag,
        module_tag as raw_value
    from metering.aws_cost_daily
)

select
    t.usage_date,
    t.tag,
    t.raw_value,
    a.canonical_value
from tags as t
inner join metering.tag_aliases as a
    on
        t.tag = a.tag
        and t.raw_value = a.raw_value
        and t.usage_date >= a.starts_on
        and t.usage_date < a.ends_on
qualify
    row_number() over (partition by t.usage_date, t.tag, t.raw_value order by a.alias_id) = 1;
