-- billing.unrated_usage: usage that no card of the period has a price for.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_usage, billing.period_rates
-- why:     unknown is visible, never priced at zero: an account with such usage is parked until a card
--          has the rate.

create or alter dynamic table billing.unrated_usage
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    u.period_start,
    u.tenant_id,
    u.metric,
    u.quantity
from billing.period_usage as u
left join billing.period_rates as r
    on u.period_start = r.period_start and u.tenant_id = r.tenant_id and u.metric = r.metric
where u.visibility = 'licensee' and r.metric is null;
