-- metering.usage_judged: every usage line with the catalog's verdict: it counts, or the reason why
-- not.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.usage_lines, metering.tenants, metering.metrics
-- why:     lines are judged before they compete for a key, by the tenant and the metric in force on the
--          day of the event. When the catalog is mended the verdicts follow by themselves.

create or alter dynamic table metering.usage_judged
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with known as (
    select
        l.file_name,
        l.file_row,
        l.ordinal,
        l.event_id,
        l.source,
        l.module_id,
        l.tenant_id,
        l.metric,
        l.time_text,
        l.quantity_text,
        l.unit,
        l.payload_hash,
        l.event_time,
        l.usage_date,
        l.quantity,
        l.reason as line_reason,
        m.aggregation,
        m.unit as metric_unit,
        coalesce(l.usage_date >= t.starts_on and l.usage_date < t.ends_on, false) as tenant_known,
        coalesce(l.usage_date >= m.starts_on and l.usage_date < m.ends_on, false) as metric_known,
        iff(
            m.aggregation = 'distinct',
            coalesce(get(l.attributes, m.counted_attribute)::varchar, ''),
            ''
        ) as counted_id
    from metering.usage_lines as l
    left join metering.tenants as t on l.tenant_id = t.tenant_id
    left join metering.metrics as m on l.metric = m.metric
)

select
    file_name,
    file_row,
    ordinal,
    event_id,
    source,
    module_id,
    tenant_id,
    metric,
    time_text,
    quantity_text,
    payload_hash,
    event_time,
    usage_date,
    cast(date_trunc('month', usage_date) as date) as period_start,
    aggregation,
    counted_id,
    iff(aggregation = 'distinct', 1, quantity) as quantity,
    case
        when line_reason is not null then line_reason
        when not tenant_known then 'unknown_tenant'
        when not metric_known then 'unknown_metric'
        when unit <> '' and unit <> metric_unit then 'unit_mismatch'
        when aggregation = 'distinct' and counted_id = '' then 'counted_id_missing'
        when aggregation <> 'distinct' and quantity is null then 'quantity_not_a_number'
    end as reason
from known;
