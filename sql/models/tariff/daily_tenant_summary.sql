-- metering.daily_tenant_summary: what each tenant used and what it cost, side by side.
--
-- grain:   one row per usage_date, tenant_id, module_id, resource_type
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.usage_daily, metering.attributed_cost_daily
-- why:     resource_type is a metric, or aws:<service>, snowflake:<kind> or
--          external:<provider>; usage has no cost of its own and cost no
--          quantity, but one table answers both questions.

create or alter dynamic table metering.daily_tenant_summary
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
with entries as (
    select
        usage_date,
        tenant_id,
        module_id,
        metric as resource_type,
        quantity,
        0 as cost_usd
    from metering.usage_daily
    union all
    select
        usage_date,
        tenant_id,
        module_id,
        resource_type,
        0 as quantity,
        cost_usd
    from metering.attributed_cost_daily
    where disposition = 'attributed'
)

select
    usage_date,
    tenant_id,
    module_id,
    resource_type,
    cast(sum(quantity) as number(38, 6)) as quantity,
    cast(sum(cost_usd) as number(38, 12)) as attributed_cost_usd
from entries
group by usage_date, tenant_id, module_id, resource_type;
