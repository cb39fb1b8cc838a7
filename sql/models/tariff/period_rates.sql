-- billing.period_rates: the price of each metric that a tenant used in a period.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_usage, billing.period_tiers, billing.plan_rates
-- why:     a metric that the card at the period's start lacks takes the first later card of the period
--          that has it, and that card decides whether it is levied or used.

create or alter dynamic table billing.period_rates
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    u.period_start,
    u.tenant_id,
    u.metric,
    u.quantity,
    t.plan_id,
    t.plan_version,
    t.currency,
    r.kind,
    r.pricing,
    r.included_quantity,
    r.unit_price,
    r.unit_size
from billing.period_usage as u
inner join billing.period_tiers as t
    on u.period_start = t.period_start and u.tenant_id = t.tenant_id
inner join billing.plan_rates as r
    on t.plan_id = r.plan_id and t.plan_version = r.plan_version and u.metric = r.metric
where u.visibility = 'licensee'
qualify
    row_number() over (
        partition by u.period_start, u.tenant_id, u.metric order by t.card_rank, r.kind
    ) = 1;
