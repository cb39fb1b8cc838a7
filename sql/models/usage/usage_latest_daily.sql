-- metering.usage_latest_daily: the last value of each day, where the last value is what counts.
--
-- grain:   one row per usage_date, tenant_id, module_id, metric
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_levels
-- why:     of two events at the same moment the greater (source, id) is the later one, so that arrival
--          decides nothing.

create or alter dynamic table metering.usage_latest_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with ranked as (
    select
        usage_date,
        tenant_id,
        module_id,
        metric,
        quantity,
        is_withdrawn,
        row_number() over (
            partition by usage_date, tenant_id, module_id, metric
            order by is_withdrawn asc, event_time desc, source desc, event_id desc
        ) as place
    from metering.usage_levels
    where aggregation = 'latest'
)

select
    usage_date,
    tenant_id,
    module_id,
    metric,
    cast(sum(iff(place = 1 and not is_withdrawn, quantity, 0)) as number(38, 6)) as quantity,
    count(*) as event_count
from ranked
group by usage_date, tenant_id, module_id, metric;
