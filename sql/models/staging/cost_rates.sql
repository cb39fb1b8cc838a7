-- metering.cost_rates: what a Snowflake credit costs, and what other currencies are worth, over time.
--
-- grain:   one row per rate_id, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     a price that turns quantities into cost is effective-dated, and the row that was in force stays.

create or alter dynamic table metering.cost_rates
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as rate_id,
    f.value:value::number(38, 6) as unit_price_usd,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:"values") as f
where d.kind = 'cost_rate';
