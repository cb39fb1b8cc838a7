-- close_rules: which rule versions gave a cost that was billed, and which give it now.
--
-- grain: one row per account_id, late_start, tenant_id, source, rule_id, rule_version
-- binds: period_start, first_account, last_account
-- reads: billing.cost_corrections
-- why:   an adjustment says by which rule the cost is taken back and by which it is given anew.

select
    account_id,
    period_start as late_start,
    tenant_id,
    source,
    rule_id,
    rule_version,
    sum(frozen_usd) <> 0 as was_billed,
    sum(known_usd) <> 0 as is_known
from billing.cost_corrections
where
    period_start < cast(? as date)
    and account_id between cast(? as varchar) and cast(? as varchar)
group by account_id, period_start, tenant_id, source, rule_id, rule_version
order by account_id, period_start, tenant_id, source, rule_id, rule_version;
