-- billing.period_faults: why an account cannot be billed for a period as it stands.
--
-- grain:   one row per period_start, account_id, tenant_id, reason, detail
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_usage, billing.period_modules, billing.period_tiers, billing.period_accounts,
--          billing.period_fees, billing.period_passthrough, billing.period_charges,
--          billing.period_deductions, billing.period_discounts, billing.period_fx, billing.period_lines,
--          billing.plans, billing.unrated_usage
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
    union
    select
        period_start,
        tenant_id
    from billing.period_passthrough
    union
    select
        t.period_start,
        t.tenant_id
    from billing.period_tiers as t
    inner join billing.plans as n on t.plan_id = n.plan_id and t.plan_version = n.plan_version
    where t.card_rank = 1 and n.minimum > 0
),

discounted_kinds as (
    select kind
    from (values ('levy'), ('facility'), ('variable'), ('minimum')) as k (kind)
),

discounts as (
    select
        d.period_start,
        d.account_id,
        k.kind
    from billing.period_discounts as d
    inner join discounted_kinds as k on replace(d.kinds, k.kind, '') <> d.kinds
    group by d.period_start, d.account_id, k.kind
    having sum(d.percent) > 100
),

bills_below_zero as (
    select
        period_start,
        account_id
    from billing.period_lines
    group by period_start, account_id
    having sum(amount_minor) < 0 and min(iff(kind = 'credit', 0, 1)) = 0
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
        iff(
            pricing = 'cost',
            concat('the cost of ', metric, ' is too large for an exact amount'),
            concat('quantity and price of metric ', metric, ' are too large for an exact amount')
        ) as detail
    from billing.period_charges
    where amount_minor is null
    union all
    select
        period_start,
        tenant_id,
        'amount_out_of_range' as reason,
        concat('the ', kind, ' ', metric, ' is of an amount too large to be exact') as detail
    from billing.period_deductions
    where amount_minor is null
    union all
    select
        a.period_start,
        a.tenant_id,
        'discount_over_100_percent' as reason,
        concat('the discounts on ', d.kind, ' of account ', d.account_id, ' come to more than all of it')
            as detail
    from discounts as d
    inner join billing.period_accounts as a
        on d.period_start = a.period_start and d.account_id = a.account_id
    union all
    select
        l.period_start,
        l.tenant_id,
        'credit_exceeds_bill' as reason,
        concat('with credit ', l.metric, ' the bill of account ', l.account_id, ' is below zero') as detail
    from bills_below_zero as b
    inner join billing.period_lines as l
        on b.period_start = l.period_start and b.account_id = l.account_id
    where l.kind = 'credit'
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
        'rate_missing' as reason,
        concat(
            'plan ', t.plan_id, ' passes on cost, which is in USD, and the account is billed in ', a.currency,
            ': add to cost_rate ', a.currency, ' what one was worth on ', cast(t.period_start as varchar)
        ) as detail
    from billing.period_tiers as t
    inner join billing.period_accounts as a
        on t.period_start = a.period_start and t.tenant_id = a.tenant_id
    left join billing.period_fx as x
        on a.period_start = x.period_start and a.account_id = x.account_id and a.currency = x.currency
    where
        t.card_rank = 1
        and t.passthrough
        and a.currency <> 'USD'
        and x.usd_per_unit is null
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
