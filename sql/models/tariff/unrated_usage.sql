-- billing.unrated_usage: usage that no card of the period has a price for.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_usage, billing.period_rates, billing.period_tiers
-- why:     unknown is visible, never priced at zero: an account with such usage is parked until a card
--          has the rate.

create or alter dynamic table billing.unrated_usage
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with levied as (
    select distinct
        period_start,
        tenant_id,
        levy_metric as metric
    from billing.period_tiers
    where levy_metric <> ''
)

select
    u.period_start,
    u.tenant_id,
    u.metric,
    u.quantity
from billing.period_usage as u
left join billing.period_rates as r
    on u.period_start = r.period_start and u.tenant_id = r.tenant_id and u.metric = r.metric
left join levied as l
    on u.period_start = l.period_start and u.tenant_id = l.tenant_id and u.metric = l.metric
where u.visibility = 'licensee' and r.metric is null and l.metric is null;
