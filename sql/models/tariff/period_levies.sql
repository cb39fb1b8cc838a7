-- billing.period_levies: the levy that a tenant owes for each counted customer in a period.
--
-- grain:   one row per period_start, tenant_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_tiers
-- why:     the first card of the period that has a levy gives it.

create or alter dynamic table billing.period_levies
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    period_start,
    tenant_id,
    plan_id,
    plan_version,
    currency,
    levy_metric as metric,
    levy_unit_price as unit_price,
    levy_unit_size as unit_size
from billing.period_tiers
where levy_metric <> ''
qualify row_number() over (partition by period_start, tenant_id order by card_rank) = 1;
