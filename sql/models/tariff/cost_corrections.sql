-- billing.cost_corrections: what the cost of a closed period has become since, rule version by rule
-- version.
--
-- grain:   one row per period_start, account_id, tenant_id, source, module_id, resource_type, rule_id,
--          rule_version
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.closed_costs, billing.period_closes, billing.period_accounts,
--          metering.attributed_cost_daily
-- why:     the ledger always shows the rules now known for a day, and what was billed stays billed. When a
--          rule is changed for such a day, its former version has a row that takes the cost back and the
--          new one a row that gives it; a restated bill changes a row of the same version.

create or alter dynamic table billing.cost_corrections
target_lag = '24 hours'
warehouse = meterbook_transform
refresh_mode = full
as
with both_sides as (
    select
        period_start,
        account_id,
        tenant_id,
        source,
        module_id,
        resource_type,
        rule_id,
        rule_version,
        cost_usd as frozen_usd,
        0 as known_usd
    from billing.closed_costs
    union all
    select
        c.period_start,
        c.account_id,
        k.tenant_id,
        k.source,
        k.module_id,
        k.resource_type,
        k.rule_id,
        k.rule_version,
        0 as frozen_usd,
        k.cost_usd as known_usd
    from billing.period_closes as c
    inner join billing.period_accounts as a
        on c.period_start = a.period_start and c.account_id = a.account_id
    inner join metering.attributed_cost_daily as k
        on
            a.tenant_id = k.tenant_id
            and c.period_start = cast(date_trunc('month', k.usage_date) as date)
    where k.disposition = 'attributed'
)

select
    period_start,
    account_id,
    tenant_id,
    source,
    module_id,
    resource_type,
    rule_id,
    rule_version,
    cast(sum(frozen_usd) as number(38, 12)) as frozen_usd,
    cast(sum(known_usd) as number(38, 12)) as known_usd,
    cast(sum(known_usd) - sum(frozen_usd) as number(38, 12)) as change_usd
from both_sides
group by
    period_start, account_id, tenant_id, source, module_id, resource_type, rule_id, rule_version
having sum(known_usd) <> sum(frozen_usd);
