-- summary_rejects: the events that are not billed, by reason.
--
-- reads: metering.usage_rejects

select
    reason,
    count(*) as event_count
from metering.usage_rejects
group by reason
order by reason;
