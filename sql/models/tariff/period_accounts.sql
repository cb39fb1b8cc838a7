-- billing.period_accounts: the account that pays for a tenant in a period.
--
-- grain:   one row per period_start, tenant_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.account_links, billing.accounts
-- why:     the account at the period's start pays for all of it; a newcomer's is the first one in the
--          period.

create or alter dynamic table billing.period_accounts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select
    p.period_start,
    k.tenant_id,
    k.account_id,
    a.seller_id,
    a.currency,
    a.minor_digits
from billing.periods as p
inner join billing.account_links as k
    on p.period_end > k.starts_on and p.period_start < k.ends_on and k.starts_on < k.ends_on
inner join billing.accounts as a on k.account_id = a.account_id
qualify
    row_number() over (
        partition by p.period_start, k.tenant_id order by k.starts_on, k.account_id
    ) = 1;
