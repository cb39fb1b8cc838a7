-- billing.periods: the months that can be billed.
--
-- grain:   one row per period_start
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.tenant_tiers, billing.tenant_modules, metering.usage_daily, metering.cost_daily
-- why:     a month is there from the first subscription to the last month with a fact, also when a
--          tenant did nothing in it: fees are owed for what is switched on. A subscription that says
--          nothing of its start begins with the first fact of all, or with the first module that its
--          tenant has from a day that is said: nobody can be billed for a time that nobody speaks of.

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

fact_days as (
    select
        min(usage_date) as first_day,
        max(usage_date) as last_day
    from facts
),

starts as (
    select iff(t.starts_on > cast('1900-01-01' as date), t.starts_on, f.first_day) as starts_on
    from billing.tenant_tiers as t
    cross join fact_days as f
    union all
    select greatest(t.starts_on, m.starts_on) as starts_on
    from billing.tenant_tiers as t
    inner join billing.tenant_modules as m
        on t.tenant_id = m.tenant_id and t.starts_on < m.ends_on and t.ends_on > m.starts_on
    where m.starts_on > cast('1900-01-01' as date)
),

first_start as (
    select min(starts_on) as starts_on from starts
)

select
    m.period_start,
    cast(dateadd(month, 1, m.period_start) as date) as period_end
from months as m
inner join fact_days as f on m.period_start <= f.last_day
inner join first_start as s on dateadd(month, 1, m.period_start) > s.starts_on;
