-- billing.period_passthrough: the real cost of a tenant in a period, where its plan passes it on.
--
-- grain:   one row per period_start, tenant_id, source
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.attributed_cost_daily, billing.period_tiers
-- why:     the plan at the period's start decides whether cost is passed through.

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
where t.card_rank = 1 and t.passthrough and c.disposition = 'attributed'
group by t.period_start, t.tenant_id, c.source, t.plan_id, t.plan_version;
