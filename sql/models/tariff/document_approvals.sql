-- billing.document_approvals: whether what was frozen may go out.
--
-- grain:   one row per period_start, account_id, kind, subject
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.frozen_documents, billing.decisions, metering.config
-- why:     a bill that is far from the three before it waits for a person: below the lowest or above the
--          highest of them by more than CONFIG's approval_band (a share, 0.5 where nothing is said). What a
--          close brings about beside its invoice waits with it. What a person froze was decided then.

create or alter dynamic table billing.document_approvals
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = full
as
with ranked as (
    select
        d.period_start,
        d.account_id,
        d.currency,
        d.total,
        row_number() over (partition by d.account_id, d.currency order by d.period_start) as place
    from billing.frozen_documents as d
    where d.kind = 'invoice'
),

compared as (
    select
        r.period_start,
        r.account_id,
        r.total,
        count(b.total) as compared_count,
        min(b.total) as lowest_total,
        max(b.total) as highest_total
    from ranked as r
    left join ranked as b
        on
            r.account_id = b.account_id
            and r.currency = b.currency
            and r.place > b.place
            and r.place <= b.place + 3
    group by r.period_start, r.account_id, r.total
),

banded as (
    select
        c.period_start,
        c.account_id,
        c.total,
        c.compared_count,
        c.lowest_total,
        c.highest_total,
        coalesce(try_to_decimal(g.value, 12, 6), 0.5) as band
    from compared as c
    left join metering.config as g
        on
            g.config_key = 'approval_band'
            and c.period_start >= g.starts_on
            and c.period_start < g.ends_on
),

judged as (
    select
        period_start,
        account_id,
        compared_count,
        lowest_total,
        highest_total,
        band,
        coalesce(
            compared_count > 0
            and (
                total < lowest_total - abs(lowest_total) * band
                or total > highest_total + abs(highest_total) * band
            ),
            false
        ) as needs_approval
    from banded
),

approved as (
    select
        subject,
        min(actor) as actor,
        min(reason) as reason
    from billing.decisions
    where decision = 'approve_close'
    group by subject
)

select
    d.period_start,
    d.account_id,
    d.kind,
    d.subject,
    d.close_start,
    coalesce(j.compared_count, 0) as compared_count,
    j.lowest_total,
    j.highest_total,
    coalesce(j.needs_approval, false) as needs_approval,
    coalesce(p.actor, '') as approved_by,
    coalesce(p.reason, '') as approved_because,
    not coalesce(j.needs_approval, false) or p.actor is not null as is_approved
from billing.frozen_documents as d
left join judged as j on d.close_start = j.period_start and d.account_id = j.account_id
left join approved as p
    on concat(left(cast(d.close_start as varchar), 7), '.', d.account_id) = p.subject;
