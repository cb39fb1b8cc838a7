-- unattributed_lines: charges that nobody owns, by the resource that caused them, the dearest first.
--
-- grain: one row per source, service, account, resource, owner_tag, owner_name, reason, rule_id,
--        rule_version
-- binds: first_day, end_day, first_day, end_day, first_day, end_day
-- reads: metering.ruled_cost_daily, metering.tagged_cost_daily, metering.cost_lines,
--        metering.cost_files, metering.attributed_cost_daily
-- why:   the charges are those that metering.unattributed_costs counts: what a day, its tags, service
--        and account cost is positive. What a rule has taken and could not give away has no resource.

with unowned as (
    select
        r.usage_date,
        r.source,
        r.payer,
        r.owner_tag,
        r.module_tag,
        r.service,
        r.account,
        r.currency,
        r.cost_usd,
        t.owner_name,
        t.service_name
    from metering.ruled_cost_daily as r
    inner join metering.tagged_cost_daily as t
        on
            r.usage_date = t.usage_date
            and r.source = t.source
            and r.payer = t.payer
            and r.owner_tag = t.owner_tag
            and r.module_tag = t.module_tag
            and r.service = t.service
            and r.account = t.account
            and r.currency = t.currency
    where
        r.method = 'none'
        and r.cost_usd > 0
        and r.usage_date >= cast(? as date)
        and r.usage_date < cast(? as date)
),

charges as (
    select
        l.usage_date,
        iff(l.cost_source = 'external_cost', 'external', 'aws') as source,
        f.payer,
        l.owner_tag,
        l.module_tag,
        l.service,
        l.account,
        l.currency,
        l.resource_id,
        sum(iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd)) as cost_usd
    from metering.cost_lines as l
    inner join metering.cost_files as f
        on l.usage_date = f.usage_date and l.file_name = f.file_name
    where
        l.usage_date >= cast(? as date)
        and l.usage_date < cast(? as date)
    group by
        l.usage_date, l.cost_source, f.payer, l.owner_tag, l.module_tag, l.service, l.account, l.currency,
        l.resource_id
),

found as (
    select
        u.source,
        u.service_name as service,
        u.account,
        c.resource_id as resource,
        u.owner_tag,
        u.owner_name,
        'no_rule' as reason,
        '' as rule_id,
        0 as rule_version,
        c.cost_usd
    from unowned as u
    inner join charges as c
        on
            u.usage_date = c.usage_date
            and u.source = c.source
            and u.payer = c.payer
            and u.owner_tag = c.owner_tag
            and u.module_tag = c.module_tag
            and u.service = c.service
            and u.account = c.account
            and u.currency = c.currency
    union all
    select
        source,
        service_name as service,
        account,
        account as resource,
        owner_tag,
        owner_name,
        'no_rule' as reason,
        '' as rule_id,
        0 as rule_version,
        cost_usd
    from unowned
    where source = 'snowflake'
    union all
    select
        source,
        substr(resource_type, length(source) + 2) as service,
        '' as account,
        '' as resource,
        '' as owner_tag,
        '' as owner_name,
        reason,
        rule_id,
        rule_version,
        cost_usd
    from metering.attributed_cost_daily
    where
        disposition = 'unattributed'
        and reason <> 'no_rule'
        and cost_usd > 0
        and usage_date >= cast(? as date)
        and usage_date < cast(? as date)
)

select
    source,
    service,
    account,
    resource,
    owner_tag,
    owner_name,
    reason,
    rule_id,
    rule_version,
    cast(sum(cost_usd) as number(38, 12)) as cost_usd
from found
group by source, service, account, resource, owner_tag, owner_name, reason, rule_id, rule_version
having sum(cost_usd) <> 0
order by
    cost_usd desc, source asc, service asc, account asc, resource asc, owner_tag asc,
    owner_name asc, reason asc, rule_id asc, rule_version asc;
