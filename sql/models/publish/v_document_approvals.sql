-- metering.v_document_approvals: whether what was frozen may go out, and who said so.
--
-- grain:   one row per period_start, account_id, kind, subject
-- kind:    view, published
-- reads:   billing.document_approvals
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_document_approvals
as
select
    period_start,
    account_id,
    kind,
    subject,
    compared_count,
    lowest_total,
    highest_total,
    needs_approval,
    approved_by,
    approved_because,
    is_approved
from billing.document_approvals;
