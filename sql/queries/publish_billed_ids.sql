-- publish_billed_ids: as publish_new_ids, of what was there when the month was closed.
--
-- grain: one row per tenant_id, metric, usage_date
-- binds: period_start, period_start, period_end
-- reads: billing.closed_terms, billing.frozen_documents, metering.usage_events,
--        metering.delivery_files, metering.delivery_records
-- why:   a closed month says the same for ever: an id that came late is in no figure of it. A month that
--        was corrected was frozen again.

with closes as (
    select
        t.tenant_id,
        max(d.closed_at) as closed_at
    from billing.closed_terms as t
    inner join billing.frozen_documents as d
        on t.period_start = d.period_start and t.account_id = d.account_id
    where
        t.term = 'tenant'
        and t.period_start = cast(? as date)
        and d.kind in ('invoice', 'corrected_invoice')
    group by t.tenant_id
),

firsts as (
    select
        e.tenant_id,
        e.metric,
        e.counted_id,
        min(e.usage_date) as usage_date
    from metering.usage_events as e
    inner join closes as c on e.tenant_id = c.tenant_id
    inner join metering.delivery_files as f on e.file_name = f.file_name and f.stream = 'usage'
    inner join metering.delivery_records as r
        on f.stream = r.stream and f.delivery_id = r.delivery_id and c.closed_at >= r.ordered_at
    where
        e.usage_date >= cast(? as date)
        and e.usage_date < cast(? as date)
        and e.aggregation = 'distinct'
        and not e.is_withdrawn
    group by e.tenant_id, e.metric, e.counted_id
)

select
    tenant_id,
    metric,
    usage_date,
    count(*) as new_ids
from firsts
group by tenant_id, metric, usage_date
order by tenant_id, metric, usage_date;
