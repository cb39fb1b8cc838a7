-- publish_new_ids: how many ids a distinct metric counted for the first time, day by day of a period.
--
-- grain: one row per tenant_id, metric, usage_date
-- binds: period_start, period_end
-- reads: metering.usage_distinct
-- why:   an id counts once a month, so that the days' own numbers do not add up; its first day does.

with firsts as (
    select
        tenant_id,
        metric,
        counted_id,
        min(usage_date) as usage_date
    from metering.usage_distinct
    where usage_date >= cast(? as date) and usage_date < cast(? as date)
    group by tenant_id, metric, counted_id
)

select
    tenant_id,
    metric,
    usage_date,
    count(*) as new_ids
from firsts
group by tenant_id, metric, usage_date
order by tenant_id, metric, usage_date;
