-- issue_adjusted: what standing documents of later months have added to an account's month.
--
-- grain: one row per tenant_id, adjusts_kind, module_id, metric, tier
-- binds: account_id, adjusts_period, period_start
-- reads: billing.invoice_lines, billing.standing_documents
-- why:   a corrected invoice bills a month anew; what later bills have added for it already stays
--        there and is taken off. A document that was reversed counts no more.

select
    l.tenant_id,
    l.adjusts_kind,
    l.module_id,
    l.metric,
    l.tier,
    sum(l.amount) as amount
from billing.invoice_lines as l
inner join billing.standing_documents as s
    on
        l.period_start = s.period_start
        and l.account_id = s.account_id
        and l.document_kind = s.kind
        and l.subject = s.subject
where
    l.kind = 'adjustment'
    and l.account_id = cast(? as varchar)
    and l.adjusts_period = cast(? as varchar)
    and l.period_start <> cast(? as date)
group by l.tenant_id, l.adjusts_kind, l.module_id, l.metric, l.tier
having sum(l.amount) <> 0
order by l.tenant_id, l.adjusts_kind, l.module_id, l.metric, l.tier;
