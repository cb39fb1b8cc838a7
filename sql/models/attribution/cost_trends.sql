-- metering.cost_trends: the platform's cost month by month, beside the month before.
--
-- grain:   one row per period_start, source, resource_type, module_id, tenant_id, disposition
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.attributed_cost_daily
-- why:     internal: where cost comes from and where it moves to, by service, module and tenant, so that
--          prices and capacity are reviewed by facts. A cost that has gone is a row too. Of a month that has
--          begun only the days so far are here, so it stands beside a whole one.

create or alter dynamic table metering.cost_trends
target_lag = '24 hours'
warehouse = meterbook_transform
refresh_mode = full
as
with months as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        source,
        resource_type,
        module_id,
        tenant_id,
        disposition,
        sum(cost_usd) as cost_usd
    from metering.attributed_cost_daily
    group by date_trunc('month', usage_date), source, resource_type, module_id, tenant_id, disposition
),

known as (
    select distinct period_start
    from months
),

both_months as (
    select
        period_start,
        source,
        resource_type,
        module_id,
        tenant_id,
        disposition,
        cost_usd,
        0 as previous_cost_usd
    from months
    union all
    select
        k.period_start,
        m.source,
        m.resource_type,
        m.module_id,
        m.tenant_id,
        m.disposition,
        0 as cost_usd,
        m.cost_usd as previous_cost_usd
    from months as m
    inner join known as k on k.period_start = cast(dateadd(month, 1, m.period_start) as date)
)

select
    period_start,
    source,
    resource_type,
    module_id,
    tenant_id,
    disposition,
    cast(sum(cost_usd) as number(38, 12)) as cost_usd,
    cast(sum(previous_cost_usd) as number(38, 12)) as previous_cost_usd,
    cast(sum(cost_usd) - sum(previous_cost_usd) as number(38, 12)) as change_usd
from both_months
group by period_start, source, resource_type, module_id, tenant_id, disposition;
