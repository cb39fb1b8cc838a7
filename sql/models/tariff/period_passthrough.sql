-- billing.period_passthrough: the real cost of a tenant in a period, where its plan passes it on.
--
-- grain:   one row per period_start, tenant_id, source
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.attributed_cost_daily, billing.period_tiers, billing.plan_passthrough,
--          billing.plan_markups
-- why:     the plan at the period's start decides whose cost is passed through, and what is added to it.
--          No cost is no line.

create or alter dynamic table billing.period_passthrough
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with costs as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        source,
        cast(sum(cost_usd) as number(38, 12)) as cost_usd
    from metering.attributed_cost_daily
    where disposition = 'attributed'
    group by date_trunc('month', usage_date), tenant_id, source
    having sum(cost_usd) <> 0
)

select
    t.period_start,
    t.tenant_id,
    c.source,
    t.plan_id,
    t.plan_version,
    t.currency,
    c.cost_usd,
    coalesce(m.markup_percent, 0) as markup_percent
from billing.period_tiers as t
inner join costs as c on t.period_start = c.period_start and t.tenant_id = c.tenant_id
inner join billing.plan_passthrough as n
    on t.plan_id = n.plan_id and t.plan_version = n.plan_version and c.source = n.source
left join billing.plan_markups as m
    on t.plan_id = m.plan_id and t.plan_version = m.plan_version and c.source = m.source
where t.card_rank = 1;
