-- reconcile_costs: what Cost Explorer, the bill and the book say of each day's services and tenants.
--
-- grain: one row per usage_date, grain, name
-- binds: period_start, period_end, period_start, period_end
-- reads: metering.deciding_deliveries, metering.delivery_files, metering.config, metering.cost_lines,
--        metering.tag_aliases, metering.tenants, metering.attributed_cost_daily
-- why:   each source speaks through its own latest deliveries, whichever of the two is billed, in the
--        metric that is billed. The tenant is whom the owner tag means, before any rule; '' is nobody.

with files as (
    select
        d.usage_date,
        d.stream,
        f.file_name,
        coalesce(c.value = 'amortized', false) as is_amortized
    from metering.deciding_deliveries as d
    inner join metering.delivery_files as f
        on d.stream = f.stream and d.delivery_id = f.delivery_id
    left join metering.config as c
        on c.config_key = 'cost_metric' and d.usage_date >= c.starts_on and d.usage_date < c.ends_on
    where
        d.stream in ('aws_cost', 'cur')
        and d.usage_date >= cast(? as date)
        and d.usage_date < cast(? as date)
),

costs as (
    select
        f.usage_date,
        f.stream,
        l.service,
        l.owner_tag,
        sum(iff(f.is_amortized, coalesce(l.amortized_usd, l.cost_usd), l.cost_usd)) as cost_usd
    from files as f
    inner join metering.cost_lines as l
        on f.usage_date = l.usage_date and f.file_name = l.file_name
    group by f.usage_date, f.stream, l.service, l.owner_tag
),

tags as (
    select distinct
        usage_date,
        'service' as tag,
        service as raw_value
    from costs
    union all
    select distinct
        usage_date,
        'owner' as tag,
        owner_tag as raw_value
    from costs
),

meanings as (
    select
        t.usage_date,
        t.tag,
        t.raw_value,
        a.canonical_value
    from tags as t
    inner join metering.tag_aliases as a
        on
            t.tag = a.tag
            and a.match_value = iff(
                a.is_folded,
                lower(replace(replace(replace(replace(t.raw_value, ' ', ''), '-', ''), '_', ''), '.', '')),
                t.raw_value
            )
            and t.usage_date >= a.starts_on
            and t.usage_date < a.ends_on
    qualify
        row_number() over (
            partition by t.usage_date, t.tag, t.raw_value order by a.is_folded, a.alias_id
        ) = 1
),

named as (
    select
        c.usage_date,
        coalesce(s.canonical_value, c.service) as service,
        coalesce(t.tenant_id, '') as tenant_id,
        iff(c.stream = 'aws_cost', c.cost_usd, 0) as aws_cost_usd,
        iff(c.stream = 'cur', c.cost_usd, 0) as cur_usd
    from costs as c
    left join meanings as s
        on s.tag = 'service' and c.usage_date = s.usage_date and c.service = s.raw_value
    left join meanings as o
        on o.tag = 'owner' and c.usage_date = o.usage_date and c.owner_tag = o.raw_value
    left join metering.tenants as t
        on
            coalesce(o.canonical_value, c.owner_tag) = t.tenant_id
            and c.usage_date >= t.starts_on
            and c.usage_date < t.ends_on
),

told as (
    select
        usage_date,
        'service' as grain,
        service as name,
        aws_cost_usd,
        cur_usd,
        cast(0 as number(38, 12)) as attributed_usd
    from named
    union all
    select
        usage_date,
        'service' as grain,
        substr(resource_type, 5) as name,
        0 as aws_cost_usd,
        0 as cur_usd,
        cost_usd as attributed_usd
    from metering.attributed_cost_daily
    where
        source = 'aws'
        and usage_date >= cast(? as date)
        and usage_date < cast(? as date)
    union all
    select
        usage_date,
        'tenant' as grain,
        tenant_id as name,
        aws_cost_usd,
        cur_usd,
        cast(null as number(38, 12)) as attributed_usd
    from named
)

select
    usage_date,
    grain,
    name,
    cast(sum(aws_cost_usd) as number(38, 12)) as aws_cost_usd,
    cast(sum(cur_usd) as number(38, 12)) as cur_usd,
    cast(sum(attributed_usd) as number(38, 12)) as attributed_usd
from told
group by usage_date, grain, name
order by usage_date, grain, name;
