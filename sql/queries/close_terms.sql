-- close_terms: the terms of some accounts in a period: who pays for whom, cards, modules, discounts,
-- credits, rates of exchange.
--
-- grain: one row per account_id, term, tenant_id, name, place
-- binds: period_start, first_account, last_account
-- reads: billing.period_accounts, billing.period_tiers, billing.period_modules,
--        billing.period_discounts, billing.period_credits, billing.period_fx
-- why:   frozen in the shape in which billing.closed_terms reads them back.

with asked as (
    select
        cast(? as date) as period_start,
        cast(? as varchar) as first_account,
        cast(? as varchar) as last_account
),

payers as (
    select
        a.period_start,
        a.account_id,
        a.tenant_id,
        a.seller_id,
        a.currency,
        a.minor_digits
    from billing.period_accounts as a
    inner join asked as q
        on
            a.period_start = q.period_start
            and a.account_id between q.first_account and q.last_account
),

terms as (
    select
        account_id,
        'tenant' as term,
        tenant_id,
        seller_id as name,
        0 as version,
        minor_digits as place,
        cast(0 as number(38, 12)) as amount,
        currency as detail
    from payers
    union all
    select
        p.account_id,
        'card' as term,
        t.tenant_id,
        t.plan_id as name,
        t.plan_version as version,
        t.card_rank as place,
        cast(t.covered_days as number(38, 12)) as amount,
        '' as detail
    from billing.period_tiers as t
    inner join payers as p on t.period_start = p.period_start and t.tenant_id = p.tenant_id
    union all
    select
        p.account_id,
        'module' as term,
        m.tenant_id,
        m.module_id as name,
        0 as version,
        m.active_days as place,
        cast(0 as number(38, 12)) as amount,
        '' as detail
    from billing.period_modules as m
    inner join payers as p on m.period_start = p.period_start and m.tenant_id = p.tenant_id
    union all
    select
        d.account_id,
        'discount' as term,
        '' as tenant_id,
        d.discount_id as name,
        0 as version,
        0 as place,
        cast(d.percent as number(38, 12)) as amount,
        d.kinds as detail
    from billing.period_discounts as d
    inner join asked as q
        on
            d.period_start = q.period_start
            and d.account_id between q.first_account and q.last_account
    union all
    select
        c.account_id,
        'credit' as term,
        c.tenant_id,
        c.credit_id as name,
        0 as version,
        0 as place,
        cast(c.amount as number(38, 12)) as amount,
        '' as detail
    from billing.period_credits as c
    inner join asked as q
        on
            c.period_start = q.period_start
            and c.account_id between q.first_account and q.last_account
    union all
    select
        f.account_id,
        'rate' as term,
        '' as tenant_id,
        f.currency as name,
        0 as version,
        0 as place,
        cast(f.usd_per_unit as number(38, 12)) as amount,
        '' as detail
    from billing.period_fx as f
    inner join asked as q
        on
            f.period_start = q.period_start
            and f.account_id between q.first_account and q.last_account
)

select
    account_id,
    term,
    tenant_id,
    name,
    cast(version as number(38, 0)) as version,
    cast(place as number(38, 0)) as place,
    cast(amount as number(38, 12)) as amount,
    detail
from terms
order by account_id, term, tenant_id, name, place;
