-- publish_event_days: on which days each tenant has events, and a mark that changes when they do.
--
-- grain: one row per tenant_id, usage_date
-- reads: metering.usage_events, metering.metrics
-- why:   events come once and for ever, so a day changes only when a line arrives: one more event, one
--        withdrawn, or another line that counts for a key. The mark is made of the places where they
--        landed, which is cheap to sum and says all three.

select
    e.tenant_id,
    e.usage_date,
    count(*) as event_count,
    sum(iff(e.is_withdrawn, 1, 0)) as withdrawn_count,
    sum(e.quantity) as quantity,
    sum(e.file_row * 1000 + e.ordinal) as places,
    min(e.file_name) as first_file,
    max(e.file_name) as last_file
from metering.usage_events as e
inner join metering.metrics as m on e.metric = m.metric
where m.visibility = 'licensee'
group by e.tenant_id, e.usage_date
order by e.tenant_id, e.usage_date;
