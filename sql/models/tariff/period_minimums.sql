-- billing.period_minimums: what a tenant's month is raised by to come to the least that its plan asks.
--
-- grain:   one row per period_start, tenant_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_tiers, billing.plans, billing.period_accounts, billing.period_charges
-- why:     levy, fees and variable consumption count towards it, passed-on cost does not. The card at
--          the period's start decides; where it prorates, a part of the month asks a part of the minimum,
--          rounded like any amount. A month that comes to it is not raised.

create or alter dynamic table billing.period_minimums
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with sums as (
    select
        period_start,
        tenant_id,
        sum(amount_minor) as charged_minor
    from billing.period_charges
    where kind in ('levy', 'facility', 'variable')
    group by period_start, tenant_id
),

days as (
    select
        t.period_start,
        a.account_id,
        t.tenant_id,
        t.plan_id,
        t.plan_version,
        t.currency,
        a.minor_digits,
        n.minimum,
        n.prorate,
        t.covered_days,
        cast(
            datediff(day, t.period_start, dateadd(month, 1, t.period_start)) as number(38, 0)
        ) as month_days
    from billing.period_tiers as t
    inner join billing.plans as n on t.plan_id = n.plan_id and t.plan_version = n.plan_version
    inner join billing.period_accounts as a
        on t.period_start = a.period_start and t.tenant_id = a.tenant_id and t.currency = a.currency
    where t.card_rank = 1 and n.minimum > 0
),

asked as (
    select
        d.period_start,
        d.account_id,
        d.tenant_id,
        d.plan_id,
        d.plan_version,
        d.currency,
        d.minor_digits,
        d.minimum,
        iff(d.prorate = 'daily', d.covered_days, d.month_days) as counted_days,
        d.month_days,
        cast(coalesce(s.charged_minor, 0) as number(38, 0)) as charged_minor,
        cast(d.minimum * 1000000 as number(38, 0)) as minimum_millionths,
        d.month_days * case d.minor_digits
            when 0 then 1000000
            when 2 then 10000
            when 3 then 1000
            else 100
        end as divisor
    from days as d
    left join sums as s on d.period_start = s.period_start and d.tenant_id = s.tenant_id
),

numerators as (
    select
        period_start,
        account_id,
        tenant_id,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        minimum,
        counted_days,
        month_days,
        charged_minor,
        cast(2 * minimum_millionths * counted_days + divisor as number(38, 0)) as double_numerator,
        cast(2 * divisor as number(38, 0)) as double_divisor
    from asked
),

bases as (
    select
        period_start,
        account_id,
        tenant_id,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        minimum,
        counted_days,
        month_days,
        charged_minor,
        cast(
            (double_numerator - mod(double_numerator, double_divisor)) / double_divisor as number(38, 0)
        ) as base_minor
    from numerators
)

select
    period_start,
    account_id,
    tenant_id,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    cast(iff(counted_days < month_days, counted_days, 1) as number(38, 6)) as quantity,
    minimum as unit_price,
    iff(counted_days < month_days, month_days, 1) as unit_size,
    base_minor,
    base_minor - charged_minor as amount_minor
from bases
where base_minor > charged_minor;
