-- approve_close: whether the bill of an account's month may go out.
--
-- grain: one row per period_start, account_id
-- binds: period_start, account_id
-- reads: billing.document_approvals

select
    is_approved,
    approved_by
from billing.document_approvals
where
    kind = 'invoice'
    and period_start = cast(? as date)
    and account_id = cast(? as varchar);
