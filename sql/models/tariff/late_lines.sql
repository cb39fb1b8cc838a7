-- billing.late_lines: what a closed month should have been billed and was not, line by line.
--
-- grain:   one row per period_start, account_id, tenant_id, kind, module_id, metric, tier
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.period_lines, billing.frozen_documents, billing.standing_documents,
--          billing.invoice_lines, billing.accounts
-- why:     the frozen card over what is known now, less what was billed: the invoice or the corrected
--          invoice in its place, and what later closes have added to it or given back. A difference of
--          rounded amounts, so tiers, what is included and minimum fees count again as a whole.
--          Commercial credits are no bill: they stay out on both sides. What was reversed and not
--          corrected is billed by nobody but a person.

create or alter dynamic table billing.late_lines
target_lag = '4 hours'
warehouse = meterbook_transform
refresh_mode = full
as
with late_credits as (
    select
        n.period_start,
        n.account_id,
        n.kind,
        n.subject
    from billing.frozen_documents as n
    inner join billing.standing_documents as s
        on
            n.period_start = s.period_start
            and n.account_id = s.account_id
            and n.refers_kind = s.kind
            and n.refers_subject = s.subject
    where n.kind = 'credit_note' and left(n.subject, 5) = 'late.'
),

billed as (
    select
        l.period_start,
        l.account_id,
        l.tenant_id,
        l.kind,
        l.module_id,
        l.metric,
        l.tier,
        l.amount
    from billing.invoice_lines as l
    inner join billing.standing_documents as s
        on
            l.period_start = s.period_start
            and l.account_id = s.account_id
            and l.document_kind = s.kind
            and l.subject = s.subject
    where l.kind not in ('adjustment', 'credit')
    union all
    select
        cast(concat(l.adjusts_period, '-01') as date) as period_start,
        l.account_id,
        l.tenant_id,
        l.adjusts_kind as kind,
        l.module_id,
        l.metric,
        l.tier,
        l.amount
    from billing.invoice_lines as l
    inner join billing.standing_documents as s
        on
            l.period_start = s.period_start
            and l.account_id = s.account_id
            and l.document_kind = s.kind
            and l.subject = s.subject
    where l.kind = 'adjustment'
    union all
    select
        l.period_start,
        l.account_id,
        l.tenant_id,
        l.adjusts_kind as kind,
        l.module_id,
        l.metric,
        l.tier,
        -l.amount as amount
    from billing.invoice_lines as l
    inner join late_credits as c
        on
            l.period_start = c.period_start
            and l.account_id = c.account_id
            and l.document_kind = c.kind
            and l.subject = c.subject
    where l.kind = 'adjustment'
),

both_sides as (
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        0 as known_amount,
        amount as billed_amount
    from billed
    union all
    select
        period_start,
        account_id,
        tenant_id,
        kind,
        module_id,
        metric,
        tier,
        amount as known_amount,
        0 as billed_amount
    from billing.period_lines
    where kind <> 'credit'
),

differences as (
    select
        b.period_start,
        b.account_id,
        b.tenant_id,
        b.kind,
        b.module_id,
        b.metric,
        b.tier,
        cast(sum(b.known_amount) as number(38, 4)) as known_amount,
        cast(sum(b.billed_amount) as number(38, 4)) as billed_amount
    from both_sides as b
    group by b.period_start, b.account_id, b.tenant_id, b.kind, b.module_id, b.metric, b.tier
    having sum(b.known_amount) <> sum(b.billed_amount)
)

select
    x.period_start,
    x.account_id,
    x.tenant_id,
    x.kind,
    x.module_id,
    x.metric,
    x.tier,
    s.kind as refers_kind,
    s.subject as refers_subject,
    s.currency,
    a.minor_digits,
    coalesce(k.plan_id, '') as plan_id,
    coalesce(k.plan_version, 0) as plan_version,
    coalesce(k.pricing, '') as pricing,
    coalesce(k.quantity, 0) as quantity,
    coalesce(k.included_quantity, 0) as included_quantity,
    coalesce(k.billable_quantity, 0) as billable_quantity,
    coalesce(k.unit_price, 0) as unit_price,
    coalesce(k.unit_size, 1) as unit_size,
    coalesce(k.cost_usd, 0) as cost_usd,
    coalesce(k.markup_percent, 0) as markup_percent,
    coalesce(k.usd_per_unit, 0) as usd_per_unit,
    coalesce(k.base_amount, 0) as base_amount,
    coalesce(k.percent, 0) as percent,
    x.known_amount,
    x.billed_amount,
    cast(x.known_amount - x.billed_amount as number(38, 4)) as late_amount
from differences as x
inner join billing.standing_documents as s
    on x.period_start = s.period_start and x.account_id = s.account_id
inner join billing.accounts as a on x.account_id = a.account_id
left join billing.period_lines as k
    on
        x.period_start = k.period_start
        and x.account_id = k.account_id
        and x.tenant_id = k.tenant_id
        and x.kind = k.kind
        and x.module_id = k.module_id
        and x.metric = k.metric
        and x.tier = k.tier;
