-- admin_unattributed_month: the share of a month's positive AWS charges that has no owner, and its days.
--
-- grain: one row
-- binds: first_day, end_day
-- reads: metering.v_unattributed_costs
-- why:   the share of a span of days is taken from the sums of its charges; shares of days do not add.

with charges as (
    select
        coalesce(sum(total_aws_cost_usd), 0) as total_usd,
        coalesce(sum(unattributed_cost_usd), 0) as unattributed_usd,
        cast(coalesce(sum(total_aws_cost_usd), 0) * 1000000000000 as number(38, 0)) as total_units,
        cast(coalesce(sum(unattributed_cost_usd), 0) * 1000000000000 as number(38, 0))
            as unattributed_units,
        count(*) as day_count,
        coalesce(sum(iff(exceeds_threshold, 1, 0)), 0) as exceeding_day_count,
        min(threshold_used) as lowest_threshold,
        max(threshold_used) as highest_threshold
    from metering.v_unattributed_costs
    where usage_date >= cast(? as date) and usage_date < cast(? as date)
),

fractions as (
    select
        total_usd,
        unattributed_usd,
        cast(unattributed_units * 1000000000000 as number(38, 0)) as share_numerator,
        greatest(total_units, 1) as divisor_units,
        day_count,
        exceeding_day_count,
        lowest_threshold,
        highest_threshold
    from charges
)

select
    total_usd,
    unattributed_usd,
    cast(
        (share_numerator - mod(share_numerator, divisor_units)) / divisor_units as number(38, 0)
    ) * 0.000000000001 as unattributed_share,
    cast(day_count as number(38, 0)) as day_count,
    cast(exceeding_day_count as number(38, 0)) as exceeding_day_count,
    lowest_threshold,
    highest_threshold
from fractions;
