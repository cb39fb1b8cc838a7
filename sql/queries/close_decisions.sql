-- close_decisions: what people decided about closing, each with who and why.
--
-- grain: one row per decision, subject
-- binds: period
-- reads: billing.decisions
-- why:   a decision about a month begins its subject with the month; it is frozen with what it let pass.

select
    decision,
    stream,
    subject,
    actor,
    reason,
    decided_at
from billing.decisions
where stream = 'closes' and left(subject, 7) = cast(? as varchar)
order by decision, subject;
