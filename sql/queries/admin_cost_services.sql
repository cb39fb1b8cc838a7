-- admin_cost_services: what each service cost in a month, beside the month before; the dearest first.
--
-- grain: one row per source, resource_type
-- binds: period_start
-- reads: metering.v_cost_trends

select
    source,
    resource_type,
    sum(cost_usd) as cost_usd,
    sum(previous_cost_usd) as previous_cost_usd,
    sum(change_usd) as change_usd
from metering.v_cost_trends
where period_start = cast(? as date)
group by source, resource_type
order by cost_usd desc, source asc, resource_type asc;
