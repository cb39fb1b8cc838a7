-- metering.tag_aliases: what a raw tag value stands for.
--
-- grain:   one row per alias_id, tag, match_value, is_folded
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     tags are typed by people: BaseLoad, Base Load and Base can be one owner. A document that folds
--          is asked without case, spaces, hyphens, underscores and dots, and each of its values is a name
--          of itself; what is written exactly so goes first.

create or alter dynamic table metering.tag_aliases
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with aliases as (
    select
        d.id as alias_id,
        d.document:tag::varchar as tag,
        coalesce(d.document:fold::boolean, false) as folds,
        f.value:raw::varchar as raw_value,
        f.value:value::varchar as canonical_value,
        d.starts_on,
        d.ends_on
    from metering.catalog_documents as d, lateral flatten(input => d.document:aliases) as f
    where d.kind = 'tag_aliases'
),

names as (
    select
        alias_id,
        tag,
        false as is_folded,
        raw_value,
        raw_value as match_value,
        canonical_value,
        starts_on,
        ends_on
    from aliases
    union all
    select
        alias_id,
        tag,
        true as is_folded,
        raw_value,
        lower(replace(replace(replace(replace(raw_value, ' ', ''), '-', ''), '_', ''), '.', ''))
            as match_value,
        canonical_value,
        starts_on,
        ends_on
    from aliases
    where folds
    union all
    select
        alias_id,
        tag,
        true as is_folded,
        canonical_value as raw_value,
        lower(replace(replace(replace(replace(canonical_value, ' ', ''), '-', ''), '_', ''), '.', ''))
            as match_value,
        canonical_value,
        starts_on,
        ends_on
    from aliases
    where folds
)

select
    alias_id,
    tag,
    is_folded,
    match_value,
    canonical_value,
    starts_on,
    ends_on
from names
qualify
    row_number() over (
        partition by alias_id, tag, is_folded, match_value order by raw_value, canonical_value
    ) = 1;
