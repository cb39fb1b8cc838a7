-- billing.period_deductions: the discounts and commercial credits of each tenant in a period.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_charges, billing.period_minimums, billing.period_discounts,
--          billing.period_credits, billing.period_accounts
-- why:     a discount is a share of what its kinds of line come to for the tenant, rounded once; metric
--          names it. Discounts of all there is, each rounded by itself, take no cent more than there is:
--          the last in order is cut. A share that could pass 10^31 on its way has no amount, and its
--          account is parked.

create or alter dynamic table billing.period_deductions
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with lines as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        currency,
        minor_digits,
        amount_minor
    from billing.period_charges
    union all
    select
        period_start,
        account_id,
        tenant_id,
        'minimum' as kind,
        currency,
        minor_digits,
        amount_minor
    from billing.period_minimums
),

totals as (
    select
        period_start,
        tenant_id,
        cast(sum(amount_minor) as number(38, 0)) as total_minor
    from lines
    where kind <> 'passthrough'
    group by period_start, tenant_id
),

shares as (
    select
        l.period_start,
        l.account_id,
        l.tenant_id,
        'discount' as kind,
        d.discount_id as metric,
        l.currency,
        l.minor_digits,
        d.percent,
        cast(sum(l.amount_minor) as number(38, 0)) as base_minor
    from billing.period_discounts as d
    inner join lines as l on d.period_start = l.period_start and d.account_id = l.account_id
    where replace(d.kinds, l.kind, '') <> d.kinds
    group by
        l.period_start, l.account_id, l.tenant_id, d.discount_id, l.currency, l.minor_digits, d.percent
    having sum(l.amount_minor) > 0
),

factors as (
    select
        s.period_start,
        s.account_id,
        s.tenant_id,
        s.kind,
        s.metric,
        s.currency,
        s.minor_digits,
        s.percent,
        s.base_minor,
        t.total_minor,
        s.base_minor as base_factor,
        cast(s.percent * 1000000 as number(38, 0)) as percent_factor,
        100000000 as divisor
    from shares as s
    inner join totals as t on s.period_start = t.period_start and s.tenant_id = t.tenant_id
    union all
    select
        c.period_start,
        c.account_id,
        c.tenant_id,
        'credit' as kind,
        c.credit_id as metric,
        a.currency,
        a.minor_digits,
        cast(0 as number(38, 6)) as percent,
        cast(0 as number(38, 0)) as base_minor,
        cast(0 as number(38, 0)) as total_minor,
        cast(1 as number(38, 0)) as base_factor,
        cast(c.amount * 1000000 as number(38, 0)) as percent_factor,
        case a.minor_digits
            when 0 then 1000000
            when 2 then 10000
            when 3 then 1000
            else 100
        end as divisor
    from billing.period_credits as c
    inner join billing.period_accounts as a
        on c.period_start = a.period_start and c.tenant_id = a.tenant_id
),

judged as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        currency,
        minor_digits,
        percent,
        base_minor,
        total_minor,
        base_factor,
        percent_factor,
        divisor,
        length(cast(base_factor as varchar)) + length(cast(percent_factor as varchar)) <= 31 as is_exact
    from factors
),

numerators as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        currency,
        minor_digits,
        percent,
        base_minor,
        total_minor,
        is_exact,
        cast(
            2 * (iff(is_exact, base_factor, 0) * iff(is_exact, percent_factor, 0)) + divisor
            as number(38, 0)
        ) as double_numerator,
        cast(2 * divisor as number(38, 0)) as double_divisor
    from judged
),

rounded as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        currency,
        minor_digits,
        percent,
        base_minor,
        total_minor,
        is_exact,
        cast(
            (double_numerator - mod(double_numerator, double_divisor)) / double_divisor as number(38, 0)
        ) as share_minor
    from numerators
),

queued as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        metric,
        currency,
        minor_digits,
        percent,
        base_minor,
        total_minor,
        is_exact,
        share_minor,
        cast(
            coalesce(
                sum(share_minor) over (
                    partition by period_start, tenant_id, kind order by metric
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as number(38, 0)
        ) as before_minor
    from rounded
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    metric,
    currency,
    minor_digits,
    percent,
    iff(kind = 'credit', share_minor, base_minor) as base_minor,
    case
        when not is_exact then null
        when kind = 'credit' then -share_minor
        else -least(share_minor, greatest(total_minor - before_minor, 0))
    end as amount_minor
from queued;
