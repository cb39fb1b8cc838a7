-- close_late: what came late for earlier months of some accounts, and what their documents leave room for.
--
-- grain: one row per account_id, late_start, tenant_id, kind, module_id, metric, tier
-- binds: period_start, first_account, last_account
-- reads: billing.late_lines, billing.frozen_documents
-- why:   left_amount is what the standing document still asks for: nobody is given back more than that.

with credited as (
    select
        period_start,
        account_id,
        refers_kind,
        refers_subject,
        sum(total) as amount
    from billing.frozen_documents
    where kind = 'credit_note'
    group by period_start, account_id, refers_kind, refers_subject
)

select
    l.account_id,
    l.period_start as late_start,
    l.tenant_id,
    l.kind,
    l.module_id,
    l.metric,
    l.tier,
    l.refers_kind,
    l.refers_subject,
    l.currency,
    d.seller_id,
    l.minor_digits,
    l.plan_id,
    l.plan_version,
    l.pricing,
    l.quantity,
    l.included_quantity,
    l.billable_quantity,
    l.unit_price,
    l.unit_size,
    l.cost_usd,
    l.markup_percent,
    l.usd_per_unit,
    l.base_amount,
    l.percent,
    l.known_amount,
    l.billed_amount,
    l.late_amount,
    cast(d.total - coalesce(c.amount, 0) as number(38, 4)) as left_amount
from billing.late_lines as l
inner join billing.frozen_documents as d
    on
        l.period_start = d.period_start
        and l.account_id = d.account_id
        and l.refers_kind = d.kind
        and l.refers_subject = d.subject
left join credited as c
    on
        l.period_start = c.period_start
        and l.account_id = c.account_id
        and l.refers_kind = c.refers_kind
        and l.refers_subject = c.refers_subject
where
    l.period_start < cast(? as date)
    and l.account_id between cast(? as varchar) and cast(? as varchar)
order by l.account_id, l.period_start, l.tenant_id, l.kind, l.module_id, l.metric, l.tier;
