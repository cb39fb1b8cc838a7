-- close_lines: the lines of some accounts of a period, in the order in which a document shows them.
--
-- grain: one row per account_id, tenant_id, kind, module_id, metric, tier
-- binds: period_start, first_account, last_account
-- reads: billing.period_lines
-- why:   accounts come in ranges, so that a close of many holds few of them in memory.

select
    account_id,
    tenant_id,
    kind,
    module_id,
    metric,
    tier,
    plan_id,
    plan_version,
    currency,
    minor_digits,
    quantity,
    included_quantity,
    billable_quantity,
    unit_price,
    unit_size,
    cost_usd,
    pricing,
    markup_percent,
    usd_per_unit,
    base_amount,
    percent,
    amount
from billing.period_lines
where
    period_start = cast(? as date)
    and account_id between cast(? as varchar) and cast(? as varchar)
order by
    account_id,
    case kind
        when 'levy' then 1
        when 'facility' then 2
        when 'variable' then 3
        when 'minimum' then 4
        when 'passthrough' then 5
        when 'discount' then 6
        else 7
    end,
    tenant_id,
    module_id,
    metric,
    tier;
