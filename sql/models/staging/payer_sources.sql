-- metering.payer_sources: which source bills a payer's day.
--
-- grain:   one row per payer, usage_date
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.delivery_days, metering.config
-- why:     a bill and Cost Explorer tell the same cost twice, so exactly one of them counts; the
--          payer's own setting goes before the general one.

create or alter dynamic table metering.payer_sources
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with payer_days as (
    select distinct
        payer,
        usage_date
    from metering.delivery_days
    where stream in ('cur', 'aws_cost')
)

select
    d.payer,
    d.usage_date,
    c.value as cost_source
from payer_days as d
inner join metering.config as c
    on
        (c.config_key = 'cost_source' or c.config_key = concat('cost_source:', d.payer))
        and d.usage_date >= c.starts_on
        and d.usage_date < c.ends_on
qualify
    row_number() over (
        partition by d.payer, d.usage_date order by length(c.config_key) desc, c.starts_on desc
    ) = 1;
