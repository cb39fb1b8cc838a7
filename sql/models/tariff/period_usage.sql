-- billing.period_usage: what a tenant used of a metric in a period, as it is billed.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.usage_daily, metering.usage_distinct, metering.metrics
-- why:     sums add up over days and modules; ids that a distinct metric counts do not, so these are
--          counted over the whole month.

create or alter dynamic table billing.period_usage
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with quantities as (
    select
        cast(date_trunc('month', u.usage_date) as date) as period_start,
        u.tenant_id,
        u.metric,
        u.quantity
    from metering.usage_daily as u
    inner join metering.metrics as m on u.metric = m.metric
    where m.aggregation = 'sum'
    union all
    select
        period_start,
        tenant_id,
        metric,
        1 as quantity
    from metering.usage_distinct
)

select
    q.period_start,
    q.tenant_id,
    q.metric,
    m.visibility,
    cast(sum(q.quantity) as number(38, 6)) as quantity
from quantities as q
inner join metering.metrics as m on q.metric = m.metric
group by q.period_start, q.tenant_id, q.metric, m.visibility;
