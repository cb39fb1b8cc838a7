-- billing.period_discounts: the discounts of an account in a period.
--
-- grain:   one row per period_start, account_id, discount_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.period_accounts, billing.account_links, billing.tenant_tiers,
--          billing.account_discounts, billing.closed_terms
-- why:     one that is in force on the period's first day holds for all of it. An account whose first
--          tenant comes later in the period is let off by what is in force on any of its days. A closed
--          period keeps the discounts it was closed with.

create or alter dynamic table billing.period_discounts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with closed as (
    select distinct
        period_start,
        account_id
    from billing.closed_terms
    where term = 'tenant'
),

customers as (
    select
        p.period_start,
        p.period_end,
        a.account_id,
        min(greatest(p.period_start, k.starts_on, t.starts_on)) as first_day
    from billing.periods as p
    inner join billing.period_accounts as a on p.period_start = a.period_start
    inner join billing.account_links as k
        on
            a.account_id = k.account_id
            and a.tenant_id = k.tenant_id
            and p.period_end > k.starts_on
            and p.period_start < k.ends_on
    inner join billing.tenant_tiers as t
        on a.tenant_id = t.tenant_id and p.period_end > t.starts_on and p.period_start < t.ends_on
    left join closed as c on p.period_start = c.period_start and a.account_id = c.account_id
    where c.account_id is null and k.starts_on < k.ends_on and t.starts_on < t.ends_on
    group by p.period_start, p.period_end, a.account_id
),

discounts as (
    select
        period_start,
        account_id,
        name as discount_id,
        cast(amount as number(38, 6)) as percent,
        detail as kinds,
        period_start as starts_on
    from billing.closed_terms
    where term = 'discount'
    union all
    select
        c.period_start,
        c.account_id,
        d.discount_id,
        d.percent,
        d.kinds,
        d.starts_on
    from customers as c
    inner join billing.account_discounts as d
        on
            c.account_id = d.account_id
            and c.period_start < d.ends_on
            and iff(c.first_day = c.period_start, c.period_start >= d.starts_on, c.period_end > d.starts_on)
    where d.starts_on < d.ends_on
)

select
    period_start,
    account_id,
    discount_id,
    percent,
    kinds
from discounts
qualify
    row_number() over (
        partition by period_start, account_id, discount_id order by starts_on, percent, kinds
    ) = 1;
