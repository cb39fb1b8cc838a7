-- billing.period_credits: the commercial credits of a tenant in a period.
--
-- grain:   one row per period_start, tenant_id, credit_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.account_credits, billing.period_accounts, billing.closed_terms
-- why:     a credit is the account's, and is given where that account pays for the tenant. A closed
--          period keeps the credits it was closed with.

create or alter dynamic table billing.period_credits
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with closed as (
    select distinct
        period_start,
        tenant_id
    from billing.closed_terms
    where term = 'tenant'
),

credits as (
    select
        period_start,
        account_id,
        tenant_id,
        name as credit_id,
        cast(amount as number(38, 6)) as amount
    from billing.closed_terms
    where term = 'credit'
    union all
    select
        r.period_start,
        r.account_id,
        r.tenant_id,
        r.credit_id,
        r.amount
    from billing.account_credits as r
    left join closed as c on r.period_start = c.period_start and r.tenant_id = c.tenant_id
    where c.tenant_id is null
)

select
    r.period_start,
    r.account_id,
    r.tenant_id,
    r.credit_id,
    r.amount
from credits as r
inner join billing.period_accounts as a
    on r.period_start = a.period_start and r.tenant_id = a.tenant_id and r.account_id = a.account_id
qualify
    row_number() over (
        partition by r.period_start, r.tenant_id, r.credit_id order by r.amount
    ) = 1;
