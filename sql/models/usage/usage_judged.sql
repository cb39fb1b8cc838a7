-- metering.usage_judged: every usage line with the catalog's verdict: it counts, or the reason why
-- not.
--
-- grain:   one row per file_name, file_row, ordinal
-- kind:    view
-- reads:   metering.usage_lines, metering.tenants, metering.metrics, metering.metric_units
-- why:     lines are judged before they compete for a key, by the tenant and the metric in force on the
--          day of the event. When the catalog is mended the verdicts follow by themselves. The day of a
--          reversal is that of the event it reverses, so its own day is not asked about.

create or replace view metering.usage_judged
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
        l.reverses,
        l.attributes,
        l.event_time,
        l.usage_date,
        l.reason as line_reason,
        m.aggregation,
        coalesce(
            l.reverses <> '' and t.tenant_id is not null
            or l.usage_date >= t.starts_on and l.usage_date < t.ends_on,
            false
        ) as tenant_known,
        coalesce(
            l.reverses <> '' and m.metric is not null or l.usage_date >= m.starts_on, false
        ) as metric_known,
        l.reverses = '' and l.usage_date >= m.ends_on as metric_ended,
        l.unit = '' or l.unit = m.unit or u.factor is not null as unit_known,
        try_to_decimal(l.quantity_text, 38, 6) as written,
        iff(u.factor is null, null, try_to_decimal(l.quantity_text, 38, 6) * u.factor) as converted,
        iff(
            m.aggregation = 'distinct',
            coalesce(get(l.attributes, m.counted_attribute)::varchar, ''),
            ''
        ) as counted_id
    from metering.usage_lines as l
    left join metering.tenants as t on l.tenant_id = t.tenant_id
    left join metering.metrics as m on l.metric = m.metric
    left join metering.metric_units as u on l.metric = u.metric and l.unit = u.unit
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
    reverses,
    attributes,
    event_time,
    usage_date,
    aggregation,
    counted_id,
    iff(
        aggregation = 'distinct',
        cast(1 as number(38, 6)),
        iff(converted is null, written, cast(converted as number(38, 6)))
    ) as quantity,
    case
        when line_reason is not null then line_reason
        when not tenant_known then 'unknown_tenant'
        when not metric_known then 'unknown_metric'
        when metric_ended then 'metric_deprecated'
        when not unit_known then 'unit_mismatch'
        when aggregation = 'distinct'
            then iff(counted_id = '' and reverses = '', 'counted_id_missing', null)
        when quantity_text is null then 'quantity_not_a_number'
        when converted is null then null
        when converted <> cast(converted as number(38, 6)) then 'quantity_too_fine'
        when abs(converted) >= 100000000000000 then 'quantity_out_of_range'
    end as reason
from known;
