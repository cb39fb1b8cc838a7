-- summary_unattributed: the share of all positive charges that has no owner, and the days over it.
--
-- reads: metering.unattributed_costs
-- why:   the share of a span of days is taken from the sums of its charges; shares of days do not add.

with charges as (
    select
        cast(coalesce(sum(total_aws_cost_usd), 0) * 1000000000000 as number(38, 0)) as total_units,
        cast(coalesce(sum(unattributed_cost_usd), 0) * 1000000000000 as number(38, 0))
            as unattributed_units,
        count(*) as day_count,
        coalesce(sum(iff(is_settled, 1, 0)), 0) as settled_day_count,
        coalesce(sum(iff(exceeds_threshold, 1, 0)), 0) as exceeding_day_count,
        min(threshold_used) as lowest_threshold,
        max(threshold_used) as highest_threshold
    from metering.unattributed_costs
),

fractions as (
    select
        cast(unattributed_units * 1000000000000 as number(38, 0)) as share_numerator,
        greatest(total_units, 1) as divisor_units,
        day_count,
        settled_day_count,
        exceeding_day_count,
        lowest_threshold,
        highest_threshold
    from charges
)

select
    cast(
        (share_numerator - mod(share_numerator, divisor_units)) / divisor_units as number(38, 0)
    ) * 0.000000000001 as unattributed_share,
    day_count,
    settled_day_count,
    exceeding_day_count,
    lowest_threshold,
    highest_threshold
from fractions;
