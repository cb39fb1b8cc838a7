-- billing.period_faults: why an account cannot be billed for a period as it stands.
--
-- grain:   one row per period_start, account_id, tenant_id, reason, detail
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_usage, billing.period_modules, billing.period_tiers, billing.period_accounts,
--          billing.period_fees, billing.period_rates, billing.unrated_usage
-- why:     a fault parks its account with the reason and lets the others close. account_id is '' for a
--          tenant that nobody pays for.

create or alter dynamic table billing.period_faults
target_lag = '4 hours'
warehouse = meterbook_transform
refresh_mode = full
as
with present as (
    select
        period_start,
        tenant_id
    from billing.period_usage
    union
    select
        period_start,
        tenant_id
    from billing.period_modules
),

found as (
    select
        p.period_start,
        p.tenant_id,
        'tenant_without_account' as reason,
        'no account pays for this tenant' as detail
    from present as p
    left join billing.period_accounts as a
        on p.period_start = a.period_start and p.tenant_id = a.tenant_id
    where a.account_id is null
    union all
    select
        p.period_start,
        p.tenant_id,
        'tenant_without_plan' as reason,
        'no subscription covers any day of the period' as detail
    from present as p
    left join billing.period_tiers as t
        on p.period_start = t.period_start and p.tenant_id = t.tenant_id and t.card_rank = 1
    where t.plan_id is null
    union all
    select
        period_start,
        tenant_id,
        'unrated_usage' as reason,
        concat('no card of the period has a rate for metric ', metric) as detail
    from billing.unrated_usage
    union all
    select
        period_start,
        tenant_id,
        'amount_out_of_range' as reason,
        concat('quantity and price of metric ', metric, ' are too large for an exact amount') as detail
    from billing.period_rates
    where
        length(cast(cast(quantity * 1000000 as number(38, 0)) as varchar))
        + length(cast(cast(unit_price * 1000000 as number(38, 0)) as varchar)) > 31
    union all
    select
        m.period_start,
        m.tenant_id,
        'module_without_fee' as reason,
        concat('no card of the period has a facility fee for module ', m.module_id) as detail
    from billing.period_modules as m
    left join billing.period_fees as f
        on m.period_start = f.period_start and m.tenant_id = f.tenant_id and m.module_id = f.module_id
    where f.module_id is null
    union all
    select
        t.period_start,
        t.tenant_id,
        'passthrough_needs_usd' as reason,
        concat(
            'cost is in USD and plan ', t.plan_id, ' passes it on, but the account is billed in ', a.currency
        )
            as detail
    from billing.period_tiers as t
    inner join billing.period_accounts as a
        on t.period_start = a.period_start and t.tenant_id = a.tenant_id
    where t.card_rank = 1 and t.passthrough and a.currency <> 'USD'
    union all
    select
        t.period_start,
        t.tenant_id,
        'currency_mismatch' as reason,
        concat('plan ', t.plan_id, ' is priced in ', t.currency, ', the account is billed in ', a.currency)
            as detail
    from billing.period_tiers as t
    inner join billing.period_accounts as a
        on t.period_start = a.period_start and t.tenant_id = a.tenant_id
    where t.currency <> a.currency
)

select distinct
    f.period_start,
    coalesce(a.account_id, '') as account_id,
    f.tenant_id,
    f.reason,
    f.detail
from found as f
left join billing.period_accounts as a
    on f.period_start = a.period_start and f.tenant_id = a.tenant_id;
