-- unattributed_names: every name that an owner goes by, and since when.
--
-- grain: one row per name, kind, owner, starts_on, ends_on
-- reads: metering.tenants, metering.tag_aliases, metering.allocation_rules
-- why:   a pool that rules match is an owner as well, so that a tag that is near its name is not taken
--        for a tenant's.

select
    tenant_id as name,
    'tenant' as kind,
    tenant_id as owner,
    starts_on,
    ends_on
from metering.tenants
union
select
    match_value as name,
    iff(is_folded, 'folded', 'alias') as kind,
    canonical_value as owner,
    starts_on,
    ends_on
from metering.tag_aliases
where tag = 'owner'
union
select
    canonical_value as name,
    'owner' as kind,
    canonical_value as owner,
    starts_on,
    ends_on
from metering.tag_aliases
where tag = 'owner'
union
select
    owner_tag as name,
    'owner' as kind,
    owner_tag as owner,
    starts_on,
    ends_on
from metering.allocation_rules
where owner_tag <> ''
order by name, kind, owner, starts_on, ends_on;
