-- billing.account_discounts: what an account is let off, in percent of some kinds of line, and when.
--
-- grain:   one row per account_id, discount_id, starts_on
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     kinds is a text, `facility,levy`, so that a close can freeze it as one value.

create or alter dynamic table billing.account_discounts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    d.id as account_id,
    f.value:id::varchar as discount_id,
    f.value:percent::number(38, 6) as percent,
    replace(replace(replace(replace(to_json(f.value:kinds), '[', ''), ']', ''), '"', ''), ' ', '') as kinds,
    greatest(f.value:starts_on::date, d.starts_on) as starts_on,
    least(f.value:ends_on::date, d.ends_on) as ends_on
from metering.catalog_documents as d, lateral flatten(input => d.document:discounts) as f
where d.kind = 'account';
