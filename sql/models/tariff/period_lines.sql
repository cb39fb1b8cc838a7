-- billing.period_lines: the tariff, line by line: levy, facility fee, variable consumption,
-- passthrough.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_fees, billing.period_rates, billing.period_passthrough, billing.period_accounts
-- why:     a line whose numerator could pass 10^31 is no line: its account is parked as
--          amount_out_of_range. Every other line is rounded once, to the currency's minor unit, half
--          away from zero. With the exact price n / d in minor units, that is
--          sign(n) * floor((2|n| + d) / 2d), in whole numbers on both engines; the numerator is in
--          10^-12 of the currency, for unit_size units.

create or alter dynamic table billing.period_lines
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
        plan_id,
        plan_version,
        currency,
        quantity,
        included_quantity,
        greatest(quantity - included_quantity, 0) as billable_quantity,
        unit_price,
        unit_size,
        cast(0 as number(38, 12)) as cost_usd
    from billing.period_rates
    union all
    select
        period_start,
        tenant_id,
        'facility' as kind,
        module_id,
        '' as metric,
        plan_id,
        plan_version,
        currency,
        cast(1 as number(38, 6)) as quantity,
        cast(0 as number(38, 6)) as included_quantity,
        cast(1 as number(38, 6)) as billable_quantity,
        fee as unit_price,
        cast(1 as number(38, 0)) as unit_size,
        cast(0 as number(38, 12)) as cost_usd
    from billing.period_fees
    union all
    select
        period_start,
        tenant_id,
        'passthrough' as kind,
        '' as module_id,
        source as metric,
        plan_id,
        plan_version,
        'USD' as currency,
        cast(0 as number(38, 6)) as quantity,
        cast(0 as number(38, 6)) as included_quantity,
        cast(0 as number(38, 6)) as billable_quantity,
        cast(0 as number(38, 6)) as unit_price,
        cast(1 as number(38, 0)) as unit_size,
        cost_usd
    from billing.period_passthrough
),

whole_numbers as (
    select
        c.period_start,
        a.account_id,
        c.tenant_id,
        c.kind,
        c.module_id,
        c.metric,
        c.plan_id,
        c.plan_version,
        c.currency,
        a.minor_digits,
        c.quantity,
        c.included_quantity,
        c.billable_quantity,
        c.unit_price,
        c.unit_size,
        c.cost_usd,
        cast(c.billable_quantity * 1000000 as number(38, 0)) as quantity_millionths,
        cast(c.unit_price * 1000000 as number(38, 0)) as price_millionths,
        cast(c.cost_usd * 1000000000000 as number(38, 0)) as cost_units,
        case a.minor_digits
            when 0 then c.unit_size * 1000000000000
            when 2 then c.unit_size * 10000000000
            when 3 then c.unit_size * 1000000000
            else c.unit_size * 100000000
        end as divisor
    from charges as c
    inner join billing.period_accounts as a
        on c.period_start = a.period_start and c.tenant_id = a.tenant_id and c.currency = a.currency
    where
        length(cast(cast(c.billable_quantity * 1000000 as number(38, 0)) as varchar))
        + length(cast(cast(c.unit_price * 1000000 as number(38, 0)) as varchar)) <= 31
),

numerators as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cost_usd,
        cast(sign(cost_units + quantity_millionths * price_millionths) as number(1, 0)) as amount_sign,
        cast(
            2 * abs(cost_units + quantity_millionths * price_millionths) + divisor as number(38, 0)
        ) as double_numerator,
        cast(2 * divisor as number(38, 0)) as double_divisor
    from whole_numbers
),

rounded as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        quantity,
        included_quantity,
        billable_quantity,
        unit_price,
        unit_size,
        cost_usd,
        cast(
            amount_sign * cast(
                (double_numerator - mod(double_numerator, double_divisor)) / double_divisor
                as number(38, 0)
            ) as number(38, 0)
        ) as amount_minor
    from numerators
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    1 as tier,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    unit_size,
    cost_usd,
    amount_minor,
    cast(
        case minor_digits
            when 0 then amount_minor * 1.0000
            when 2 then amount_minor * 0.0100
            when 3 then amount_minor * 0.0010
            else amount_minor * 0.0001
        end as number(38, 4)
    ) as amount
from rounded;
