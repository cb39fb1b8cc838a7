-- billing.period_module_lines: each line of a period, divided among the modules that brought it about.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_lines, metering.usage_daily, metering.attributed_cost_daily
-- why:     revenue by module must sum to the invoice. A facility fee has its module; usage is divided by
--          quantity and passed-on cost by cost, with the one definition of a split, in minor units. What
--          nothing divides (a minimum, a discount, a credit) stays under the module '', and so does use of
--          10^14 units and more, whose numerators would be too large.

create or alter dynamic table billing.period_module_lines
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with uses as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        false as is_cost,
        metric,
        module_id,
        cast(sum(quantity) * 1000000 as number(38, 0)) as weight
    from metering.usage_daily
    group by date_trunc('month', usage_date), tenant_id, metric, module_id
    union all
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        true as is_cost,
        source as metric,
        module_id,
        cast(sum(cost_usd) * 1000000 as number(38, 0)) as weight
    from metering.attributed_cost_daily
    where disposition = 'attributed'
    group by date_trunc('month', usage_date), tenant_id, source, module_id
),

weights as (
    select
        period_start,
        tenant_id,
        is_cost,
        metric,
        module_id,
        weight
    from uses
    where weight > 0
),

running as (
    select
        period_start,
        tenant_id,
        is_cost,
        metric,
        module_id,
        weight,
        sum(weight) over (
            partition by period_start, tenant_id, is_cost, metric order by module_id
            rows between unbounded preceding and current row
        ) as weight_to_here,
        sum(weight) over (partition by period_start, tenant_id, is_cost, metric) as weight_of_all
    from weights
),

numerators as (
    select
        period_start,
        tenant_id,
        is_cost,
        metric,
        module_id,
        cast(weight_of_all as number(38, 0)) as weight_of_all,
        cast(weight_to_here * 1000000000000 as number(38, 0)) as numerator_to_here,
        cast((weight_to_here - weight) * 1000000000000 as number(38, 0)) as numerator_before
    from running
    where length(cast(cast(weight_of_all as number(38, 0)) as varchar)) <= 20
),

shares as (
    select
        period_start,
        tenant_id,
        is_cost,
        metric,
        module_id,
        cast(
            (numerator_before - mod(numerator_before, weight_of_all)) / weight_of_all as number(38, 0)
        ) as share_before,
        cast(
            (numerator_to_here - mod(numerator_to_here, weight_of_all)) / weight_of_all
            as number(38, 0)
        ) as share_to_here
    from numerators
),

cuts as (
    select
        l.period_start,
        l.account_id,
        l.tenant_id,
        l.kind,
        coalesce(s.module_id, l.module_id) as module_id,
        l.metric,
        l.tier,
        l.currency,
        l.minor_digits,
        cast(sign(l.amount_minor) as number(1, 0)) as amount_sign,
        cast(abs(l.amount_minor) * coalesce(s.share_before, 0) as number(38, 0)) as before_units,
        cast(abs(l.amount_minor) * coalesce(s.share_to_here, 1000000000000) as number(38, 0))
            as to_here_units
    from billing.period_lines as l
    left join shares as s
        on
            l.period_start = s.period_start
            and l.tenant_id = s.tenant_id
            and l.metric = s.metric
            and case
                when l.kind in ('levy', 'variable') then not s.is_cost
                else l.kind = 'passthrough' and s.is_cost
            end
),

parts as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        currency,
        minor_digits,
        amount_sign * (
            cast((to_here_units - mod(to_here_units, 1000000000000)) / 1000000000000 as number(38, 0))
            - cast((before_units - mod(before_units, 1000000000000)) / 1000000000000 as number(38, 0))
        ) as amount_minor
    from cuts
)

select
    period_start,
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    currency,
    cast(amount_minor as number(38, 0)) as amount_minor,
    cast(
        case minor_digits
            when 0 then amount_minor * 1.0000
            when 2 then amount_minor * 0.0100
            when 3 then amount_minor * 0.0010
            else amount_minor * 0.0001
        end as number(38, 4)
    ) as amount
from parts;
