-- numbers_stay_in_bounds: numerators of a division stay below 10^32.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.usage_daily, metering.cost_pools, billing.period_lines
-- why:     Snowflake adds six digits of scale to a quotient, so a larger numerator would overflow
--          there. Keep a day's weights below 10^14 units (weigh egress in GB, not in bytes) and its
--          pools below 10^8 USD.

select
    'usage_shares' as place,
    metric as subject,
    count(*) as row_count
from metering.usage_daily
where quantity >= 100000000000000
group by metric
union all
select
    'cost_pools' as place,
    rule_id as subject,
    count(*) as row_count
from metering.cost_pools
where abs(pool_units) >= 100000000000000000000
group by rule_id
union all
select
    'period_lines' as place,
    metric as subject,
    count(*) as row_count
from billing.period_lines
where
    abs(cost_usd) >= 10000000000000000000
    or abs(amount_minor) >= 1000000000000000000000
    or billable_quantity >= 100000000000000
group by metric
order by 1, 2;
