-- metering.usage_sources_daily: how many events of each source count on each day.
--
-- grain:   one row per usage_date, source
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_events
-- why:     a source that has gone silent is known by its own habit, and the last day that anything is
--          known of ends what is held.

create or alter dynamic table metering.usage_sources_daily
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    usage_date,
    source,
    count(*) as event_count
from metering.usage_events
group by usage_date, source;
