-- close_blockers: what keeps a month from being frozen, one reason a row, with how much there is of it.
--
-- grain: one row per blocker
-- binds: period_start, period_end, settled_before
-- reads: metering.estimated_days, metering.deciding_deliveries, metering.payer_sources,
--        metering.unattributed_costs, metering.delivered_days, metering.snowflake_credit_runs,
--        metering.delivery_days_judged, metering.usage_gaps, metering.usage_rejects,
--        metering.cost_conservation, validation.reconciliations
-- why:   the measure is part of what a person decides about: one more reject asks for a new decision.
--        A reject whose time nobody can read may belong to any month, and one that came twice is one; lines
--        of a source that are no events cannot be told apart, and are one. The sources of a month are
--        reconciled where there are two that can be held against each other.

with asked as (
    select
        cast(? as date) as period_start,
        cast(? as date) as period_end,
        cast(? as timestamp_ntz) as settled_before
),

deciding as (
    select
        d.stream,
        d.scope,
        d.delivery_id,
        d.payer,
        d.usage_date,
        d.order_key
    from metering.deciding_deliveries as d
    inner join asked as a on d.usage_date >= a.period_start and d.usage_date < a.period_end
),

estimated as (
    select distinct d.usage_date
    from deciding as d
    inner join metering.estimated_days as e
        on d.stream = e.stream and d.delivery_id = e.delivery_id and d.usage_date = e.usage_date
    inner join metering.payer_sources as p
        on d.payer = p.payer and d.usage_date = p.usage_date and d.stream = p.cost_source
),

delivered as (
    select
        d.usage_date,
        a.period_start,
        a.period_end
    from metering.delivered_days as d
    inner join asked as a on d.usage_date >= a.period_start and d.usage_date < a.period_end
),

missing as (
    select datediff(day, min(period_start), min(period_end)) - count(*) as day_count
    from delivered
    having count(*) > 0
),

judged as (
    select
        u.usage_date,
        u.is_settled,
        u.exceeds_threshold
    from metering.unattributed_costs as u
    inner join asked as a on u.usage_date >= a.period_start and u.usage_date < a.period_end
),

latest_runs as (
    select
        r.usage_date,
        max(r.run_at) as run_at
    from metering.snowflake_credit_runs as r
    inner join asked as a on r.usage_date >= a.period_start and r.usage_date < a.period_end
    group by r.usage_date
),

suspicious as (
    select
        j.stream,
        j.scope,
        j.usage_date
    from metering.delivery_days_judged as j
    inner join asked as a on j.usage_date >= a.period_start and j.usage_date < a.period_end
    left join deciding as d
        on j.stream = d.stream and j.scope = d.scope and j.usage_date = d.usage_date
    where j.is_suspicious and j.order_key > coalesce(d.order_key, '')
),

gaps as (
    select
        g.producer,
        g.run_last - g.run_first + 1 as event_count
    from metering.usage_gaps as g
    cross join asked as a
    where
        g.first_sequence = g.run_first
        and coalesce(g.after_time < a.period_end, true)
        and coalesce(g.after_time >= a.period_start, true)
        and coalesce(g.after_time < a.settled_before, true)
),

rejects as (
    select distinct
        r.reason,
        r.tenant_id,
        r.source,
        iff(r.reason = 'malformed', '', r.event_id) as event_id,
        r.metric,
        r.time_text,
        r.quantity_text
    from metering.usage_rejects as r
    cross join asked as a
    where
        left(r.time_text, 7) = left(cast(a.period_start as varchar), 7)
        or not regexp_like(coalesce(r.time_text, ''), '[0-9]{4}-[0-9]{2}-.*')
),

red as (
    select
        c.usage_date,
        c.source
    from metering.cost_conservation as c
    inner join asked as a on c.usage_date >= a.period_start and c.usage_date < a.period_end
    where c.residual_usd <> 0
),

both_sources as (
    select d.payer
    from deciding as d
    where d.stream in ('cur', 'aws_cost')
    group by d.payer
    having count(distinct d.stream) = 2
),

verdicts as (
    select r.verdict
    from validation.reconciliations as r
    inner join asked as a on r.period_start = a.period_start
),

agreed as (
    select count(*) as times
    from verdicts
    where verdict = 'agrees'
),

found as (
    select
        'cost_estimated' as blocker,
        count(*) as measure,
        'day(s) that AWS has only estimated' as what
    from estimated
    union all
    select
        'cost_not_settled' as blocker,
        count(*) as measure,
        'day(s) of AWS cost that were told too early to be final' as what
    from judged
    where not is_settled
    union all
    select
        'cost_missing' as blocker,
        coalesce(max(day_count), 0) as measure,
        'day(s) without any AWS cost' as what
    from missing
    union all
    select
        'credits_not_final' as blocker,
        count(*) as measure,
        'day(s) of Snowflake credits that were read too early to be final' as what
    from latest_runs
    where run_at < dateadd(hour, 48, dateadd(day, 1, usage_date))
    union all
    select
        'delivery_suspicious' as blocker,
        count(*) as measure,
        'day(s) that a suspicious delivery waits for' as what
    from suspicious
    union all
    select
        'usage_gap' as blocker,
        coalesce(sum(event_count), 0) as measure,
        'event(s) that producers have recorded and that have not arrived' as what
    from gaps
    union all
    select
        'rejects' as blocker,
        count(*) as measure,
        'event(s) that cannot be billed' as what
    from rejects
    union all
    select
        'conservation' as blocker,
        count(*) as measure,
        'day(s) whose cost does not sum to what its source told' as what
    from red
    union all
    select
        'unattributed' as blocker,
        count(*) as measure,
        'day(s) with too much cost that nobody owns' as what
    from judged
    where exceeds_threshold
    union all
    select
        'reconciliation' as blocker,
        iff(max(a.times) > 0, 0, count(b.payer)) as measure,
        'payer(s) whose two sources nobody has found to agree' as what
    from agreed as a
    left join both_sources as b on a.times = 0
)

select
    blocker,
    cast(measure as number(38, 0)) as measure,
    what
from found
order by blocker;
