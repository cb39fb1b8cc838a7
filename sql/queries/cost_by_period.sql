-- cost_by_period: what AWS charged in every month, as charged and with what was paid ahead spread over
-- its use, beside the total that the bill states and the part that nobody owns.
--
-- grain: one row per period_start
-- reads: metering.cost_lines, metering.cost_files, metering.cost_conservation,
--        metering.unattributed_costs
-- why:   the share of a month is taken from the sums of its charges; shares of days do not add.
--        Residuals are added up without their signs.

with charged as (
    select
        cast(date_trunc('month', l.usage_date) as date) as period_start,
        count(*) as line_count,
        cast(sum(l.cost_usd) as number(38, 12)) as unblended_usd,
        cast(sum(coalesce(l.amortized_usd, l.cost_usd)) as number(38, 12)) as amortized_usd
    from metering.cost_lines as l
    inner join metering.cost_files as f on l.usage_date = f.usage_date and l.file_name = f.file_name
    where l.cost_source in ('cur', 'aws_cost')
    group by date_trunc('month', l.usage_date)
),

conserved as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        sum(control_usd) as control_usd,
        sum(unattributed_usd) as unattributed_usd,
        sum(abs(residual_usd)) as residual_usd
    from metering.cost_conservation
    where source = 'aws'
    group by date_trunc('month', usage_date)
),

judged as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        greatest(
            cast(sum(total_aws_cost_usd) * 1000000000000 as number(38, 0)), 1
        ) as divisor_units,
        cast(
            cast(sum(unattributed_cost_usd) * 1000000000000 as number(38, 0)) * 1000000000000
            as number(38, 0)
        ) as share_numerator
    from metering.unattributed_costs
    group by date_trunc('month', usage_date)
)

select
    c.period_start,
    c.line_count,
    c.unblended_usd,
    c.amortized_usd,
    s.control_usd,
    s.unattributed_usd,
    s.residual_usd,
    cast(
        (j.share_numerator - mod(j.share_numerator, j.divisor_units)) / j.divisor_units
        as number(38, 0)
    ) * 0.000000000001 as unattributed_share
from charged as c
inner join conserved as s on c.period_start = s.period_start
inner join judged as j on c.period_start = j.period_start
order by c.period_start;
