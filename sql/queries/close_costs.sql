-- close_costs: what the tenants of some accounts cost in a period, day by day, and by which rule.
--
-- grain: one row per account_id, usage_date, source, tenant_id, module_id, resource_type, rule_id,
--        rule_version
-- binds: period_start, first_account, last_account, period_start, period_end
-- reads: billing.period_lines, metering.attributed_cost_daily
-- why:   frozen beside the lines, so that a cost can be followed to its rule for ever.

with payers as (
    select distinct
        account_id,
        tenant_id
    from billing.period_lines
    where
        period_start = cast(? as date)
        and account_id between cast(? as varchar) and cast(? as varchar)
)

select
    p.account_id,
    c.usage_date,
    c.source,
    c.tenant_id,
    c.module_id,
    c.resource_type,
    c.rule_id,
    c.rule_version,
    sum(c.cost_usd) as cost_usd
from metering.attributed_cost_daily as c
inner join payers as p on c.tenant_id = p.tenant_id
where
    c.disposition = 'attributed'
    and c.usage_date >= cast(? as date)
    and c.usage_date < cast(? as date)
group by
    p.account_id, c.usage_date, c.source, c.tenant_id, c.module_id, c.resource_type, c.rule_id,
    c.rule_version
order by
    p.account_id, c.usage_date, c.source, c.tenant_id, c.module_id, c.resource_type, c.rule_id,
    c.rule_version;
