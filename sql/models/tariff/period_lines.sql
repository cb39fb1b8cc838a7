-- billing.period_lines: the tariff, line by line: levy, facility fee, variable consumption, minimum,
-- passthrough, discount, credit.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_charges, billing.period_minimums, billing.period_deductions
-- why:     each line is rounded once, where it is worked out. What has no exact amount is no line: its
--          account is parked as amount_out_of_range. base_amount is what a minimum, a discount or a
--          credit is taken from.

create or alter dynamic table billing.period_lines
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
        cast(0 as number(38, 0)) as base_minor,
        cast(0 as number(38, 6)) as percent,
        amount_minor
    from billing.period_charges
    union all
    select
        period_start,
        account_id,
        tenant_id,
        'minimum' as kind,
        '' as module_id,
        '' as metric,
        1 as tier,
        plan_id,
        plan_version,
        currency,
        minor_digits,
        'minimum' as pricing,
        quantity,
        cast(0 as number(38, 6)) as included_quantity,
        quantity as billable_quantity,
        unit_price,
        unit_size,
        cast(0 as number(38, 12)) as cost_usd,
        cast(0 as number(38, 6)) as markup_percent,
        cast(0 as number(38, 6)) as usd_per_unit,
        base_minor,
        cast(0 as number(38, 6)) as percent,
        amount_minor
    from billing.period_minimums
    union all
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        '' as module_id,
        metric,
        1 as tier,
        '' as plan_id,
        cast(0 as number(38, 0)) as plan_version,
        currency,
        minor_digits,
        iff(kind = 'discount', 'percent', 'amount') as pricing,
        cast(0 as number(38, 6)) as quantity,
        cast(0 as number(38, 6)) as included_quantity,
        cast(0 as number(38, 6)) as billable_quantity,
        cast(0 as number(38, 6)) as unit_price,
        cast(1 as number(38, 0)) as unit_size,
        cast(0 as number(38, 12)) as cost_usd,
        cast(0 as number(38, 6)) as markup_percent,
        cast(0 as number(38, 6)) as usd_per_unit,
        base_minor,
        percent,
        amount_minor
    from billing.period_deductions
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    cast(tier as number(38, 0)) as tier,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    pricing,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    cast(unit_size as number(38, 0)) as unit_size,
    cost_usd,
    markup_percent,
    cast(usd_per_unit as number(38, 6)) as usd_per_unit,
    cast(
        case minor_digits
            when 0 then base_minor * 1.0000
            when 2 then base_minor * 0.0100
            when 3 then base_minor * 0.0010
            else base_minor * 0.0001
        end as number(38, 4)
    ) as base_amount,
    percent,
    cast(amount_minor as number(38, 0)) as amount_minor,
    cast(
        case minor_digits
            when 0 then amount_minor * 1.0000
            when 2 then amount_minor * 0.0100
            when 3 then amount_minor * 0.0010
            else amount_minor * 0.0001
        end as number(38, 4)
    ) as amount
from lines
where amount_minor is not null;
