-- rejects_by_reason: why usage is not billed: how many events and lines, and how much at which price.
--
-- grain: one row per reason, currency, unit_price, unit_size, factor
-- reads: metering.usage_rejects, metering.usage_lines, metering.usage_events, metering.metrics,
--        metering.metric_units, billing.tenant_tiers, billing.plans, billing.plan_rates
-- why:   an event is priced once, under the reason of its first line, and only if no other line of its
--        key counts. The price is that of the card on the day that the line tells, without what a card
--        includes. Only a sum has a price per event, and a unit that the metric does not know has none.

with lines as (
    select
        r.file_name,
        r.file_row,
        r.ordinal,
        r.reason,
        r.tenant_id,
        r.source,
        r.event_id,
        iff(r.event_id = '', concat(r.file_name, '/', r.file_row, '/', r.ordinal), r.event_id) as event_key,
        r.metric,
        l.unit,
        try_cast(left(r.time_text, 10) as date) as usage_date,
        iff(
            regexp_like(r.quantity_text, '[+-]?[0-9]+([.][0-9]+)?'),
            try_to_decimal(r.quantity_text, 26, 12),
            null
        ) as quantity
    from metering.usage_rejects as r
    inner join metering.usage_lines as l
        on r.file_name = l.file_name and r.file_row = l.file_row and r.ordinal = l.ordinal
),

numbered as (
    select
        reason,
        tenant_id,
        source,
        event_id,
        event_key,
        metric,
        unit,
        usage_date,
        quantity,
        row_number() over (
            partition by tenant_id, source, event_key order by file_name, file_row, ordinal
        ) as place
    from lines
),

priced as (
    select
        n.reason,
        n.tenant_id,
        n.source,
        n.event_key,
        n.quantity,
        p.currency,
        f.unit_price,
        f.unit_size,
        iff(n.unit = '' or n.unit = m.unit, cast(1 as number(38, 6)), u.factor) as factor,
        n.place = 1
        and n.quantity is not null
        and f.unit_price is not null
        and (n.unit = '' or n.unit = m.unit or u.factor is not null) as is_priced
    from numbered as n
    left join metering.usage_events as e
        on n.tenant_id = e.tenant_id and n.source = e.source and n.event_id = e.event_id
    left join metering.metrics as m
        on n.metric = m.metric and m.aggregation = 'sum' and m.visibility = 'licensee'
    left join metering.metric_units as u on n.metric = u.metric and n.unit = u.unit
    left join billing.tenant_tiers as t
        on n.tenant_id = t.tenant_id and n.usage_date >= t.starts_on and n.usage_date < t.ends_on
    left join billing.plans as p on t.plan_id = p.plan_id and t.plan_version = p.plan_version
    left join billing.plan_rates as f
        on
            p.plan_id = f.plan_id
            and p.plan_version = f.plan_version
            and m.metric = f.metric
            and f.kind = 'variable'
            and e.event_id is null
),

events as (
    select
        reason,
        count(*) as line_count,
        max(iff(is_priced, currency, '')) as currency,
        max(iff(is_priced, unit_price, null)) as unit_price,
        max(iff(is_priced, unit_size, null)) as unit_size,
        max(iff(is_priced, factor, null)) as factor,
        sum(iff(is_priced, quantity, null)) as quantity
    from priced
    group by reason, tenant_id, source, event_key
)

select
    reason,
    currency,
    unit_price,
    unit_size,
    factor,
    count(*) as event_count,
    sum(line_count) as line_count,
    sum(quantity) as quantity
from events
group by reason, currency, unit_price, unit_size, factor
order by reason, currency, unit_price, unit_size, factor;
