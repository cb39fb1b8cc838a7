-- snowflake_credits_are_priced: each day that used Snowflake credits has a price for them.
--
-- kind:    check, returns no row when all is well
-- reads:   metering.snowflake_credit_daily, metering.snowflake_cost_daily
-- why:     credits without a rate have no cost, and nothing that was used may count as free. Add a
--          cost_rate snowflake_credit to the catalog that covers the day.

with both_sides as (
    select
        usage_date,
        credits,
        0 as priced_credits
    from metering.snowflake_credit_daily
    union all
    select
        usage_date,
        0 as credits,
        credits as priced_credits
    from metering.snowflake_cost_daily
)

select
    usage_date,
    sum(credits) as credits,
    sum(priced_credits) as priced_credits
from both_sides
group by usage_date
having sum(credits) <> sum(priced_credits)
order by usage_date;
