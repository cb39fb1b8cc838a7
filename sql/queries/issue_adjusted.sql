-- issue_adjusted: what standing documents of later months have added to an account's month.
--
-- grain: one row per tenant_id, adjusts_kind, module_id, metric, tier
-- binds: account_id, adjusts_period, period_start
-- reads: billing.invoice_lines, billing.frozen_documents
-- why:   a corrected invoice bills a month anew; what later bills have added for it already stays
--        there and is taken off. A document that was reversed counts no more.

with reversed as (
    select distinct
        period_start,
        account_id,
        refers_kind as kind,
        refers_subject as subject
    from billing.frozen_documents
    where kind = 'credit_note' and left(subject, 9) = 'reversal.'
)

select
    l.tenant_id,
    l.adjusts_kind,
    l.module_id,
    l.metric,
    l.tier,
    sum(l.amount) as amount
from billing.invoice_lines as l
left join reversed as r
    on
        l.period_start = r.period_start
        and l.account_id = r.account_id
        and l.document_kind = r.kind
        and l.subject = r.subject
where
    l.kind = 'adjustment'
    and l.document_kind in ('invoice', 'corrected_invoice')
    and l.account_id = cast(? as varchar)
    and l.adjusts_period = cast(? as varchar)
    and l.period_start <> cast(? as date)
    and r.kind is null
group by l.tenant_id, l.adjusts_kind, l.module_id, l.metric, l.tier
having sum(l.amount) <> 0
order by l.tenant_id, l.adjusts_kind, l.module_id, l.metric, l.tier;
