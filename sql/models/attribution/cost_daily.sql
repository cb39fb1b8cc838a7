-- metering.cost_daily: the cost of every source in one grain, as its tags tell it.
--
-- grain:   one row per usage_date, source, payer, owner_tag, module_tag, service, account, currency
-- kind:    view
-- reads:   metering.aws_cost_daily, metering.snowflake_cost_daily, metering.external_api_costs
-- why:     one set of rules gives all of it an owner. Of Snowflake the service is the kind of credit and
--          the account the warehouse; of an external provider the payer is the provider.

create or replace view metering.cost_daily
as
select
    usage_date,
    'aws' as source,
    payer,
    owner_tag,
    module_tag,
    service,
    account,
    currency,
    cost_usd
from metering.aws_cost_daily
union all
select
    usage_date,
    'snowflake' as source,
    '' as payer,
    owner as owner_tag,
    '' as module_tag,
    kind as service,
    warehouse_name as account,
    'USD' as currency,
    cost_usd
from metering.snowflake_cost_daily
union all
select
    usage_date,
    'external' as source,
    provider as payer,
    owner_tag,
    module_tag,
    service,
    account,
    currency,
    cost_usd
from metering.external_api_costs;
