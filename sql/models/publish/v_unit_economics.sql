-- metering.v_unit_economics: what each module of a tenant brought in and what it cost to serve.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    view, published
-- reads:   metering.unit_economics
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_unit_economics
as
select
    period_start,
    tenant_id,
    module_id,
    currency,
    revenue,
    revenue_usd,
    cost_to_serve_usd,
    margin_usd,
    margin_share,
    active_customers,
    cost_per_active_customer_usd
from metering.unit_economics;
