-- reconcile_tolerance: by how much two sources may differ before a person must look, on a day.
--
-- grain: one row
-- binds: usage_date, usage_date
-- reads: metering.config

select cast(value as number(38, 12)) as tolerance_usd
from metering.config
where
    config_key = 'reconcile_tolerance_usd'
    and starts_on <= cast(? as date)
    and ends_on > cast(? as date);
