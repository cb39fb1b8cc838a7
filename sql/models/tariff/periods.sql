-- billing.periods: the months that can be billed.
--
-- grain:   one row per period_start
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.tenant_tiers, metering.usage_daily, metering.cost_daily
-- why:     a month is there from the first subscription to the last month with a fact, also when a
--          tenant did nothing in it: fees are owed for what is switched on.

create or alter dynamic table billing.periods
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with digits as (
    select digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as d (digit)
),

months as (
    select
        cast(
            dateadd(month, a.digit * 100 + b.digit * 10 + c.digit, cast('2000-01-01' as date)) as date
        ) as period_start
    from digits as a
    cross join digits as b
    cross join digits as c
),

facts as (
    select usage_date from metering.usage_daily
    union all
    select usage_date from metering.cost_daily
),

last_fact as (
    select max(usage_date) as usage_date from facts
),

first_tier as (
    select min(starts_on) as starts_on from billing.tenant_tiers
)

select
    m.period_start,
    cast(dateadd(month, 1, m.period_start) as date) as period_end
from months as m
inner join last_fact as f on m.period_start <= f.usage_date
inner join first_tier as t on dateadd(month, 1, m.period_start) > t.starts_on;
