-- billing.period_usage: what a tenant used of a metric in a period, as it is billed.
--
-- grain:   one row per period_start, tenant_id, metric
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   metering.usage_daily, metering.usage_distinct, metering.usage_levels, metering.metrics,
--          metering.snowflake_credit_daily, billing.period_tiers, billing.plan_rates,
--          billing.plan_passthrough
-- why:     sums and levels held add up over days and modules; ids that a distinct metric counts do not,
--          so these are counted over the whole month. Of a peak the month's greatest counts, of a last
--          value the month's last, over all modules. Ids that were all withdrawn are none, not unknown.
--          Snowflake credits are metered like any other use where a card of the tenant prices them, and
--          the card at the period's start does not pass them on: nobody pays for them twice.

create or alter dynamic table billing.period_usage
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
with last_values as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        metric,
        quantity,
        is_withdrawn,
        row_number() over (
            partition by date_trunc('month', usage_date), tenant_id, metric
            order by is_withdrawn asc, event_time desc, source desc, event_id desc
        ) as place
    from metering.usage_levels
    where aggregation = 'latest'
),

credits as (
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        owner as tenant_id,
        'snowflake_credits' as metric,
        cast(greatest(sum(credits), 0) as number(38, 6)) as quantity
    from metering.snowflake_credit_daily
    where owner <> ''
    group by date_trunc('month', usage_date), owner
),

passing as (
    select
        t.period_start,
        t.tenant_id
    from billing.period_tiers as t
    inner join billing.plan_passthrough as p
        on t.plan_id = p.plan_id and t.plan_version = p.plan_version
    where t.card_rank = 1 and p.source = 'snowflake'
),

credit_cards as (
    select distinct
        t.period_start,
        t.tenant_id
    from billing.period_tiers as t
    inner join billing.plan_rates as r
        on t.plan_id = r.plan_id and t.plan_version = r.plan_version
    left join passing as p on t.period_start = p.period_start and t.tenant_id = p.tenant_id
    where r.metric = 'snowflake_credits' and p.tenant_id is null
),

quantities as (
    select
        cast(date_trunc('month', u.usage_date) as date) as period_start,
        u.tenant_id,
        u.metric,
        iff(m.aggregation = 'max', max(u.quantity), sum(u.quantity)) as quantity
    from metering.usage_daily as u
    inner join metering.metrics as m on u.metric = m.metric
    where m.aggregation in ('sum', 'max', 'time_weighted')
    group by date_trunc('month', u.usage_date), u.tenant_id, u.metric, m.aggregation
    union all
    select
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant_id,
        metric,
        count(distinct counted_id) as quantity
    from metering.usage_distinct
    group by date_trunc('month', usage_date), tenant_id, metric
    union all
    select distinct
        cast(date_trunc('month', u.usage_date) as date) as period_start,
        u.tenant_id,
        u.metric,
        0 as quantity
    from metering.usage_daily as u
    inner join metering.metrics as m on u.metric = m.metric
    where m.aggregation = 'distinct'
    union all
    select
        period_start,
        tenant_id,
        metric,
        iff(is_withdrawn, 0, quantity) as quantity
    from last_values
    where place = 1
    union all
    select
        c.period_start,
        c.tenant_id,
        c.metric,
        c.quantity
    from credits as c
    inner join credit_cards as p on c.period_start = p.period_start and c.tenant_id = p.tenant_id
)

select
    q.period_start,
    q.tenant_id,
    q.metric,
    m.visibility,
    cast(sum(q.quantity) as number(38, 6)) as quantity
from quantities as q
inner join metering.metrics as m on q.metric = m.metric
group by q.period_start, q.tenant_id, q.metric, m.visibility;
