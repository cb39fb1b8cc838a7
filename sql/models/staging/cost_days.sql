-- metering.cost_days: the deliveries that a day's bill is made of, with their control totals.
--
-- grain:   one row per usage_date, cost_source, delivery_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.deciding_deliveries, metering.payer_sources, metering.config
-- why:     what this names and nothing else is billed. CONFIG says whether a day is billed as charged
--          (unblended) or with what was paid ahead spread over its use (amortized); a delivery that does
--          not tell the latter is taken as charged.

create or alter dynamic table metering.cost_days
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with billing_deliveries as (
    select
        d.usage_date,
        d.stream,
        d.delivery_id,
        d.payer,
        d.ordered_at,
        d.control_usd,
        d.amortized_usd
    from metering.deciding_deliveries as d
    inner join metering.payer_sources as s
        on d.payer = s.payer and d.usage_date = s.usage_date and d.stream = s.cost_source
    union all
    select
        usage_date,
        stream,
        delivery_id,
        payer,
        ordered_at,
        control_usd,
        amortized_usd
    from metering.deciding_deliveries
    where stream = 'external_cost'
),

amortized_days as (
    select distinct
        d.usage_date,
        c.value as cost_metric
    from metering.deciding_deliveries as d
    inner join metering.config as c
        on c.config_key = 'cost_metric' and d.usage_date >= c.starts_on and d.usage_date < c.ends_on
    where c.value = 'amortized'
)

select
    b.usage_date,
    b.stream as cost_source,
    b.delivery_id,
    b.payer,
    b.ordered_at,
    a.cost_metric is not null as is_amortized,
    iff(a.cost_metric is null, b.control_usd, coalesce(b.amortized_usd, b.control_usd)) as control_usd
from billing_deliveries as b
left join amortized_days as a on b.usage_date = a.usage_date;
