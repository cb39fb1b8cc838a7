-- metering.v_usage_gaps: usage that was recorded and has not arrived.
--
-- grain:   one row per producer, first_sequence
-- kind:    view, published
-- reads:   metering.usage_gaps
-- why:     a loss that can be seen can be mended: the row goes when the event comes.

create or replace view metering.v_usage_gaps
as
select
    producer,
    source,
    first_sequence,
    last_sequence,
    event_count,
    seen_by,
    after_time
from metering.usage_gaps;
