-- metering.ruled_cost_daily: daily cost with the rule that decides it: the first that matches, by
-- position.
--
-- grain:   one row per usage_date, cost_source, payer, owner_tag, module_tag, service, account,
--          currency
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.tagged_cost_daily, metering.allocation_rules
-- why:     order and first match decide, so a cost has one rule or none; an empty field of a rule
--          matches anything.

create or alter dynamic table metering.ruled_cost_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    c.usage_date,
    c.cost_source,
    c.payer,
    c.owner_tag,
    c.module_tag,
    c.service,
    c.account,
    c.currency,
    c.cost_usd,
    c.module_id,
    c.tenant_id,
    r.rule_id,
    r.version as rule_version,
    r.method,
    r.metric
from metering.tagged_cost_daily as c
inner join metering.allocation_rules as r
    on
        c.usage_date >= r.starts_on
        and c.usage_date < r.ends_on
        and (r.owner_tag = '' or c.owner_name = r.owner_tag)
        and (r.module_tag = '' or c.module_id = r.module_tag)
        and (r.service = '' or c.service = r.service)
        and (r.account = '' or c.account = r.account)
        and (r.method <> 'tag' or c.tenant_id <> '')
qualify
    row_number() over (
        partition by
            c.usage_date, c.cost_source, c.payer, c.owner_tag, c.module_tag, c.service, c.account,
            c.currency
        order by r.position, r.rule_id, r.version
    ) = 1;
