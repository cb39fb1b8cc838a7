-- billing.period_accounts: the account that pays for a tenant in a period.
--
-- grain:   one row per period_start, tenant_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.account_links, billing.accounts, billing.closed_terms
-- why:     the account at the period's start pays for all of it; a newcomer's is the first one in the
--          period. Who paid when the period was closed goes before whatever the catalog says by now.

create or alter dynamic table billing.period_accounts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with payers as (
    select
        period_start,
        tenant_id,
        account_id,
        name as seller_id,
        detail as currency,
        cast(place as number(1, 0)) as minor_digits,
        cast('0001-01-01' as date) as starts_on
    from billing.closed_terms
    where term = 'tenant'
    union all
    select
        p.period_start,
        k.tenant_id,
        k.account_id,
        a.seller_id,
        a.currency,
        a.minor_digits,
        k.starts_on
    from billing.periods as p
    inner join billing.account_links as k
        on p.period_end > k.starts_on and p.period_start < k.ends_on and k.starts_on < k.ends_on
    inner join billing.accounts as a on k.account_id = a.account_id
)

select
    period_start,
    tenant_id,
    account_id,
    seller_id,
    currency,
    minor_digits
from payers
qualify
    row_number() over (
        partition by period_start, tenant_id order by starts_on, account_id
    ) = 1;
