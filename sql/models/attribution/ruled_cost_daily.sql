-- metering.ruled_cost_daily: daily cost with the rule that decides it: the first that matches, by
-- position.
--
-- grain:   one row per usage_date, source, payer, owner_tag, module_tag, service, account, currency
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.tagged_cost_daily, metering.cost_rules
-- why:     order and first match decide, so a cost has exactly one rule; an empty field of a rule matches
--          anything.

create or alter dynamic table metering.ruled_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with matters as (
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
        c.module_id,
        c.resource_type,
        c.tenant_id,
        min(r.place) as place
    from metering.tagged_cost_daily as c
    inner join metering.cost_rules as r
        on
            c.usage_date >= r.starts_on
            and c.usage_date < r.ends_on
            and (r.source = '' or c.source = r.source)
            and (r.owner_tag = '' or c.owner_name = r.owner_tag)
            and (r.module_tag = '' or c.module_id = r.module_tag)
            and (r.service = '' or c.service_name = r.service)
            and (r.account = '' or c.account = r.account)
            and (r.method <> 'tag' or c.tenant_id <> '')
    group by
        c.usage_date, c.source, c.payer, c.owner_tag, c.module_tag, c.service, c.account, c.currency,
        c.cost_usd, c.module_id, c.resource_type, c.tenant_id
)

select
    m.usage_date,
    m.source,
    m.payer,
    m.owner_tag,
    m.module_tag,
    m.service,
    m.account,
    m.currency,
    m.cost_usd,
    m.module_id,
    m.resource_type,
    m.tenant_id,
    r.rule_id,
    r.rule_version,
    r.method,
    r.split_by
from matters as m
inner join metering.cost_rules as r on m.place = r.place;
