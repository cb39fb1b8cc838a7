-- metering.unattributed_costs: how much of a day's AWS cost has no owner, and whether that is too much.
--
-- grain:   one row per usage_date
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.ruled_cost_daily, metering.split_shares, metering.delivered_days, metering.config
-- why:     numerator and denominator are the same positive charges, so that a refund cannot hide a gap.
--          Of a charge that is split, the parts of owners who are no tenant on the day have no owner either.
--          Only settled days are judged, by the threshold in force on the day, strictly above it; the
--          threshold is kept beside the verdict.

create or alter dynamic table metering.unattributed_costs
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
with owned_shares as (
    select
        usage_date,
        split_by,
        sum(iff(is_tenant, share_to_here - share_before, 0)) as owned_share
    from metering.split_shares
    group by usage_date, split_by
),

charges as (
    select
        c.usage_date,
        c.method,
        c.split_by,
        cast(c.cost_usd * 1000000000000 as number(38, 0)) as charge_units,
        cast(coalesce(o.owned_share, 0) as number(13, 0)) as owned_share
    from metering.ruled_cost_daily as c
    left join owned_shares as o on c.usage_date = o.usage_date and c.split_by = o.split_by
    where c.source = 'aws' and c.cost_usd > 0
),

products as (
    select
        usage_date,
        method,
        split_by,
        charge_units,
        cast(charge_units * owned_share as number(38, 0)) as owned_numerator
    from charges
),

owned as (
    select
        usage_date,
        charge_units,
        case
            when method = 'none' then 0
            when split_by = '' then charge_units
            else cast(
                (owned_numerator - mod(owned_numerator, 1000000000000)) / 1000000000000
                as number(38, 0)
            )
        end as owned_units
    from products
),

charged_days as (
    select
        usage_date,
        cast(sum(charge_units) as number(38, 0)) as total_units,
        cast(sum(charge_units) - sum(owned_units) as number(38, 0)) as unattributed_units
    from owned
    group by usage_date
),

judged_by as (
    select
        d.usage_date,
        coalesce(c.total_units, 0) as total_units,
        coalesce(c.unattributed_units, 0) as unattributed_units,
        greatest(coalesce(c.total_units, 0), 1) as divisor_units,
        cast(coalesce(c.unattributed_units, 0) * 1000000000000 as number(38, 0)) as share_numerator,
        cast(t.value as number(38, 6)) as threshold_used,
        cast(cast(t.value as number(38, 6)) * 1000000 as number(38, 0)) as threshold_millionths,
        d.ordered_at
        >= dateadd(hour, cast(s.value as number(38, 0)), dateadd(day, 1, d.usage_date)) as is_settled
    from metering.delivered_days as d
    left join charged_days as c on d.usage_date = c.usage_date
    inner join metering.config as t
        on
            t.config_key = 'unattributed_threshold'
            and d.usage_date >= t.starts_on
            and d.usage_date < t.ends_on
    inner join metering.config as s
        on
            s.config_key = 'settle_hours'
            and d.usage_date >= s.starts_on
            and d.usage_date < s.ends_on
)

select
    usage_date,
    cast(total_units * 0.000000000001 as number(38, 12)) as total_aws_cost_usd,
    cast(unattributed_units * 0.000000000001 as number(38, 12)) as unattributed_cost_usd,
    cast(
        (share_numerator - mod(share_numerator, divisor_units)) / divisor_units as number(38, 0)
    ) * 0.000000000001 as unattributed_share,
    threshold_used,
    is_settled,
    total_units = 0 as is_without_cost,
    is_settled
    and unattributed_units * 1000000 > threshold_millionths * total_units as exceeds_threshold
from judged_by;
