-- metering.v_external_api_costs: what other providers charged, day by day, as their tags tell it.
--
-- grain:   one row per usage_date, provider, owner_tag, module_tag, service, account,
--          currency
-- kind:    view, published
-- reads:   metering.external_api_costs
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_external_api_costs
as
select
    usage_date,
    provider,
    owner_tag,
    module_tag,
    service,
    account,
    currency,
    cost_usd
from metering.external_api_costs;
