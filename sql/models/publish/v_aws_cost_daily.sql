-- metering.v_aws_cost_daily: what AWS charged, day by day, as its tags tell it.
--
-- grain:   one row per usage_date, cost_source, payer, owner_tag, module_tag, service, account,
--          currency
-- kind:    view, published
-- reads:   metering.aws_cost_daily
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_aws_cost_daily
as
select
    usage_date,
    cost_source,
    payer,
    owner_tag,
    module_tag,
    service,
    account,
    currency,
    cost_usd,
    line_count
from metering.aws_cost_daily;
