-- metering.snowflake_query_owners: whose queries are those of a day that say the same of themselves.
--
-- grain:   one row per usage_date, warehouse_name, query_tag, role_name, user_name
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.snowflake_credit_lines, metering.warehouses, metering.query_owners, metering.tenants
-- why:     a dedicated warehouse goes before all, then tag, role, user, and whom the catalog names for the
--          rest of a warehouse. A tag may be a tenant's id itself, or JSON with a tenant_id. What nothing
--          names has the owner ''. A query that says nothing stands in for an hour without any.

create or alter dynamic table metering.snowflake_query_owners
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with claims as (
    select distinct
        usage_date,
        warehouse_name,
        query_tag,
        role_name,
        user_name,
        coalesce(try_parse_json(query_tag):tenant_id::varchar, query_tag) as tag_value
    from metering.snowflake_credit_lines
    where line in ('queries', 'warehouse')
),

said as (
    select
        usage_date,
        warehouse_name,
        query_tag,
        role_name,
        user_name,
        'query_tag' as claim,
        tag_value as value,
        1 as place
    from claims
    union all
    select
        usage_date,
        warehouse_name,
        query_tag,
        role_name,
        user_name,
        'role' as claim,
        role_name as value,
        3 as place
    from claims
    union all
    select
        usage_date,
        warehouse_name,
        query_tag,
        role_name,
        user_name,
        'user' as claim,
        user_name as value,
        4 as place
    from claims
),

candidates as (
    select
        c.usage_date,
        c.warehouse_name,
        c.query_tag,
        c.role_name,
        c.user_name,
        iff(w.dedicated_to <> '', 0, 5) as place,
        iff(w.dedicated_to <> '', w.dedicated_to, w.otherwise) as owner
    from claims as c
    inner join metering.warehouses as w
        on
            c.warehouse_name = w.warehouse_name
            and c.usage_date >= w.starts_on
            and c.usage_date < w.ends_on
    union all
    select
        s.usage_date,
        s.warehouse_name,
        s.query_tag,
        s.role_name,
        s.user_name,
        s.place,
        o.owner
    from said as s
    inner join metering.query_owners as o
        on
            s.claim = o.claim
            and s.value = o.value
            and s.usage_date >= o.starts_on
            and s.usage_date < o.ends_on
    union all
    select
        c.usage_date,
        c.warehouse_name,
        c.query_tag,
        c.role_name,
        c.user_name,
        2 as place,
        t.tenant_id as owner
    from claims as c
    inner join metering.tenants as t
        on c.tag_value = t.tenant_id and c.usage_date >= t.starts_on and c.usage_date < t.ends_on
    union all
    select
        usage_date,
        warehouse_name,
        query_tag,
        role_name,
        user_name,
        6 as place,
        '' as owner
    from claims
)

select
    usage_date,
    warehouse_name,
    query_tag,
    role_name,
    user_name,
    owner
from candidates
qualify
    row_number() over (
        partition by usage_date, warehouse_name, query_tag, role_name, user_name order by place, owner
    ) = 1;
