-- metering.cost_controls: what each source says that a day cost, by a total of its own.
--
-- grain:   one row per usage_date, source
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.cost_days, metering.snowflake_credit_lines, metering.cost_rates
-- why:     a total that did not come about by adding up our rows can show that one of them is missing:
--          of bills the sum of their text, of Cost Explorer its answer to an ungrouped question, of
--          Snowflake the credits that it bills for the day.

create or alter dynamic table metering.cost_controls
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with billed_credits as (
    select
        usage_date,
        cast(sum(credits_billed) * 10000000000 as number(38, 0)) as credit_units
    from metering.snowflake_credit_lines
    where line = 'service'
    group by usage_date
),

priced_credits as (
    select
        c.usage_date,
        cast(
            c.credit_units * cast(r.unit_price_usd * 1000000 as number(38, 0)) as number(38, 0)
        ) as numerator
    from billed_credits as c
    inner join metering.cost_rates as r
        on
            r.rate_id = 'snowflake_credit'
            and c.usage_date >= r.starts_on
            and c.usage_date < r.ends_on
)

select
    usage_date,
    iff(cost_source = 'external_cost', 'external', 'aws') as source,
    cast(sum(control_usd) as number(38, 12)) as control_usd
from metering.cost_days
group by usage_date, iff(cost_source = 'external_cost', 'external', 'aws')
union all
select
    usage_date,
    'snowflake' as source,
    cast(
        cast((numerator - mod(numerator, 10000)) / 10000 as number(38, 0)) * 0.000000000001
        as number(38, 12)
    ) as control_usd
from priced_credits;
