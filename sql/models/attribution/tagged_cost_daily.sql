-- metering.tagged_cost_daily: daily cost with the meaning of its tags.
--
-- grain:   one row per usage_date, source, payer, owner_tag, module_tag, service, account, currency
-- kind:    view
-- reads:   metering.cost_daily, metering.tag_meanings, metering.tenants
-- why:     rules speak of what a tag means, not of how somebody typed it; the tenant is named where the
--          owner is one on that day.

create or replace view metering.tagged_cost_daily
as
with owners as (
    select
        usage_date,
        raw_value,
        canonical_value
    from metering.tag_meanings
    where tag = 'owner'
),

modules as (
    select
        usage_date,
        raw_value,
        canonical_value
    from metering.tag_meanings
    where tag = 'module'
),

services as (
    select
        usage_date,
        raw_value,
        canonical_value
    from metering.tag_meanings
    where tag = 'service'
),

meanings as (
    select
        c.usage_date,
        c.source,
        c.payer,
        c.owner_tag,
        c.module_tag,
        c.service,
        c.account,
        c.currency,
        c.cost_usd,
        coalesce(o.canonical_value, c.owner_tag) as owner_name,
        coalesce(m.canonical_value, c.module_tag) as module_id,
        coalesce(s.canonical_value, c.service) as service_name
    from metering.cost_daily as c
    left join owners as o on c.usage_date = o.usage_date and c.owner_tag = o.raw_value
    left join modules as m on c.usage_date = m.usage_date and c.module_tag = m.raw_value
    left join services as s on c.usage_date = s.usage_date and c.service = s.raw_value
)

select
    c.usage_date,
    c.source,
    c.payer,
    c.owner_tag,
    c.module_tag,
    c.service,
    c.account,
    c.currency,
    c.cost_usd,
    c.owner_name,
    c.module_id,
    c.service_name,
    concat(
        c.source, ':',
        case c.source when 'aws' then c.service_name when 'external' then c.payer else c.service end
    ) as resource_type,
    iff(c.usage_date >= t.starts_on and c.usage_date < t.ends_on, t.tenant_id, '') as tenant_id
from meanings as c
left join metering.tenants as t on c.owner_name = t.tenant_id;
