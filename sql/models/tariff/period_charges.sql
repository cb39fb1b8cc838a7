-- billing.period_charges: what the cards of a period ask for: levy, facility fees, variable consumption,
-- passthrough.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_metered, billing.period_fees, billing.period_passthrough,
--          billing.period_accounts, billing.period_fx
-- why:     each is rounded once, to the currency's minor unit, half away from zero. With the exact price
--          n / d in minor units, that is sign(n) * floor((2|n| + d) / 2d), in whole numbers on both
--          engines. n is a quantity in millionths times a price in millionths, or a cost in 10^-12 of a
--          dollar times hundredths of a percent. One that could pass 10^31 has no amount, and its account
--          is parked as amount_out_of_range. Cost without a rate of exchange is no charge, but a fault.

create or alter dynamic table billing.period_charges
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with charges as (
    select
        period_start,
        tenant_id,
        kind,
        '' as module_id,
        metric,
        tier,
        plan_id,
        plan_version,
        currency,
        pricing,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cast(0 as number(38, 12)) as cost_usd,
        cast(0 as number(38, 6)) as markup_percent
    from billing.period_metered
    union all
    select
        period_start,
        tenant_id,
        'facility' as kind,
        module_id,
        '' as metric,
        1 as tier,
        plan_id,
        plan_version,
        currency,
        iff(is_daily, 'daily', 'fee') as pricing,
        cast(iff(is_daily, active_days, 1) as number(38, 6)) as quantity,
        cast(0 as number(38, 6)) as included_quantity,
        cast(iff(is_daily, active_days, 1) as number(38, 6)) as billable_quantity,
        fee as unit_price,
        iff(is_daily, month_days, 1) as unit_size,
        cast(0 as number(38, 12)) as cost_usd,
        cast(0 as number(38, 6)) as markup_percent
    from billing.period_fees
    union all
    select
        period_start,
        tenant_id,
        'passthrough' as kind,
        '' as module_id,
        source as metric,
        1 as tier,
        plan_id,
        plan_version,
        currency,
        'cost' as pricing,
        cast(0 as number(38, 6)) as quantity,
        cast(0 as number(38, 6)) as included_quantity,
        cast(0 as number(38, 6)) as billable_quantity,
        cast(0 as number(38, 6)) as unit_price,
        cast(1 as number(38, 0)) as unit_size,
        cost_usd,
        markup_percent
    from billing.period_passthrough
),

owed as (
    select
        c.period_start,
        a.account_id,
        c.tenant_id,
        c.kind,
        c.module_id,
        c.metric,
        c.tier,
        c.plan_id,
        c.plan_version,
        c.currency,
        a.minor_digits,
        c.pricing,
        c.quantity,
        c.included_quantity,
        c.billable_quantity,
        c.unit_price,
        c.unit_size,
        c.cost_usd,
        c.markup_percent,
        case
            when c.pricing <> 'cost' then 0
            when c.currency = 'USD' then 1
            else x.usd_per_unit
        end as usd_per_unit
    from charges as c
    inner join billing.period_accounts as a
        on c.period_start = a.period_start and c.tenant_id = a.tenant_id and c.currency = a.currency
    left join billing.period_fx as x
        on a.period_start = x.period_start and a.account_id = x.account_id and a.currency = x.currency
),

factors as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        pricing,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cost_usd,
        markup_percent,
        usd_per_unit,
        iff(
            pricing = 'cost',
            cast(abs(cost_usd) * 1000000000000 as number(38, 0)),
            cast(billable_quantity * 1000000 as number(38, 0))
        ) as amount_factor,
        iff(
            pricing = 'cost',
            cast((100 + markup_percent) * 100 as number(38, 0)),
            cast(unit_price * 1000000 as number(38, 0))
        ) as price_factor,
        iff(
            pricing = 'cost',
            cast(usd_per_unit * 1000000 as number(38, 0)),
            cast(unit_size * 100 as number(38, 0))
        ) as per_factor,
        case minor_digits
            when 0 then 10000000000
            when 2 then 100000000
            when 3 then 10000000
            else 1000000
        end as scale_factor
    from owed
    where usd_per_unit is not null
),

judged as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        pricing,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cost_usd,
        markup_percent,
        usd_per_unit,
        amount_factor,
        price_factor,
        cast(per_factor * scale_factor as number(38, 0)) as divisor,
        length(cast(amount_factor as varchar)) + length(cast(price_factor as varchar)) <= 31 as is_exact
    from factors
),

numerators as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        pricing,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cost_usd,
        markup_percent,
        usd_per_unit,
        is_exact,
        cast(
            2 * (iff(is_exact, amount_factor, 0) * iff(is_exact, price_factor, 0)) + divisor
            as number(38, 0)
        ) as double_numerator,
        cast(2 * divisor as number(38, 0)) as double_divisor
    from judged
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    pricing,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    unit_size,
    cost_usd,
    markup_percent,
    usd_per_unit,
    iff(
        is_exact,
        cast(
            iff(cost_usd < 0, -1, 1) * cast(
                (double_numerator - mod(double_numerator, double_divisor)) / double_divisor
                as number(38, 0)
            ) as number(38, 0)
        ),
        null
    ) as amount_minor
from numerators;
