-- reconcile_deliveries: the deliveries of Cost Explorer and of the bill that decide a period's days.
--
-- grain: one row per usage_date, payer, stream, delivery_id
-- binds: period_start, period_end
-- reads: metering.deciding_deliveries, metering.config
-- why:   a day of a payer that only one of the two covers cannot be compared; its total is in the metric
--        that is billed.

select
    d.usage_date,
    d.payer,
    d.stream,
    d.delivery_id,
    iff(c.value = 'amortized', coalesce(d.amortized_usd, d.control_usd), d.control_usd) as control_usd
from metering.deciding_deliveries as d
left join metering.config as c
    on c.config_key = 'cost_metric' and d.usage_date >= c.starts_on and d.usage_date < c.ends_on
where
    d.stream in ('aws_cost', 'cur')
    and d.usage_date >= cast(? as date)
    and d.usage_date < cast(? as date)
order by d.usage_date, d.payer, d.stream, d.delivery_id;
