-- numbers_stay_in_bounds: numerators of a division stay below 10^32.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.usage_daily, metering.allocation_rules, metering.cost_pools
-- why:     Snowflake adds six digits of scale to a quotient, so a larger numerator would overflow
--          there. Keep a day's weights below 10^14 units (weigh egress in GB, not in bytes) and its
--          pools below 10^8 USD.

with weighing as (
    select distinct metric
    from metering.allocation_rules
    where method = 'usage_share'
)

select
    'split_weights' as place,
    u.metric as subject,
    count(*) as row_count
from metering.usage_daily as u
inner join weighing as w on u.metric = w.metric
where u.quantity >= 100000000000000
group by u.metric
union all
select
    'cost_pools' as place,
    rule_id as subject,
    count(*) as row_count
from metering.cost_pools
where abs(pool_units) >= 100000000000000000000
group by rule_id
order by 1, 2;
