-- metering.cost_conservation: whether the parts of a day's cost sum to the whole that the source
-- stated.
--
-- grain:   one row per usage_date, source
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_controls, metering.cost_daily, metering.attributed_cost_daily
-- why:     the control total was told by the source in another way, so a row that is lost, doubled or
--          mistyped anywhere between leaves a residual, and the day is red. split_usd is the part of
--          attributed_usd that was shared out.

create or alter dynamic table metering.cost_conservation
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
with amounts as (
    select
        usage_date,
        source,
        control_usd,
        0 as typed_usd,
        0 as attributed_usd,
        0 as split_usd,
        0 as kept_usd,
        0 as unattributed_usd
    from metering.cost_controls
    union all
    select
        usage_date,
        source,
        0 as control_usd,
        cost_usd as typed_usd,
        0 as attributed_usd,
        0 as split_usd,
        0 as kept_usd,
        0 as unattributed_usd
    from metering.cost_daily
    union all
    select
        usage_date,
        source,
        0 as control_usd,
        0 as typed_usd,
        iff(disposition = 'attributed', cost_usd, 0) as attributed_usd,
        iff(disposition = 'attributed' and method <> 'tag', cost_usd, 0) as split_usd,
        iff(disposition = 'kept', cost_usd, 0) as kept_usd,
        iff(disposition = 'unattributed', cost_usd, 0) as unattributed_usd
    from metering.attributed_cost_daily
)

select
    usage_date,
    source,
    cast(sum(control_usd) as number(38, 12)) as control_usd,
    cast(sum(typed_usd) as number(38, 12)) as typed_usd,
    cast(sum(attributed_usd) as number(38, 12)) as attributed_usd,
    cast(sum(split_usd) as number(38, 12)) as split_usd,
    cast(sum(kept_usd) as number(38, 12)) as kept_usd,
    cast(sum(unattributed_usd) as number(38, 12)) as unattributed_usd,
    cast(
        sum(control_usd) - sum(attributed_usd) - sum(kept_usd) - sum(unattributed_usd)
        as number(38, 12)
    ) as residual_usd
from amounts
group by usage_date, source;
