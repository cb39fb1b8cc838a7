-- config_value: the value of a setting that is in force on a day; no row where none is.
--
-- grain: one row at most
-- binds: config_key, day, day
-- reads: metering.config

select value
from metering.config
where
    config_key = cast(? as varchar)
    and starts_on <= cast(? as date)
    and ends_on > cast(? as date);
