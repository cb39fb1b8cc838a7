-- billing.period_passthrough: the real cost of a tenant in a period, where its plan passes it on.
--
-- grain:   one row per period_start, tenant_id, source
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.attributed_cost_daily, billing.period_tiers, billing.plan_passthrough
-- why:     the plan at the period's start decides whose cost is passed through. No cost is
--          no line.

create or alter dynamic table billing.period_passthrough
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    t.period_start,
    t.tenant_id,
    c.source,
    t.plan_id,
    t.plan_version,
    cast(sum(c.cost_usd) as number(38, 12)) as cost_usd
from billing.period_tiers as t
inner join metering.attributed_cost_daily as c
    on
        t.tenant_id = c.tenant_id
        and t.period_start = cast(date_trunc('month', c.usage_date) as date)
inner join billing.plan_passthrough as n
    on t.plan_id = n.plan_id and t.plan_version = n.plan_version and c.source = n.source
where t.card_rank = 1 and c.disposition = 'attributed'
group by t.period_start, t.tenant_id, c.source, t.plan_id, t.plan_version
having sum(c.cost_usd) <> 0;
