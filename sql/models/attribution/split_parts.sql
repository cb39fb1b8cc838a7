-- metering.split_parts: each owner's part of each pool, in whole numbers of 10^-12 USD.
--
-- grain:   one row per usage_date, source, rule_id, rule_version, module_id, resource_type, tenant_id
-- kind:    view
-- reads:   metering.cost_pools, metering.split_shares
-- why:     a part is what lies between two cuts, and a cut is the floor of pool times share. The pool is
--          taken apart into dollars, millionths, and the millionths of those, since then each product
--          has 18 digits or fewer, which both engines multiply and divide as fast as they can:
--              cut = dollars * share + floor((high * share + floor(low * share / 10^6)) / 10^6)
--          with the share in whole numbers of 10^-12. That is exact, as dollars times share is whole.

create or replace view metering.split_parts
as
with pools as (
    select
        usage_date,
        source,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        split_by,
        cast(sign(pool_units) as number(1, 0)) as pool_sign,
        cast(
            (abs(pool_units) - mod(abs(pool_units), 1000000000000)) / 1000000000000 as number(20, 0)
        ) as dollars,
        cast(mod(abs(pool_units), 1000000000000) as number(12, 0)) as fraction
    from metering.cost_pools
    where pool_units <> 0
),

halves as (
    select
        usage_date,
        source,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        split_by,
        pool_sign,
        dollars,
        cast((fraction - mod(fraction, 1000000)) / 1000000 as number(6, 0)) as high,
        cast(mod(fraction, 1000000) as number(6, 0)) as low
    from pools
),

products as (
    select
        p.usage_date,
        p.source,
        s.tenant_id,
        s.is_tenant,
        p.module_id,
        p.resource_type,
        p.method,
        p.rule_id,
        p.rule_version,
        p.pool_sign,
        p.dollars * cast(s.share_to_here - s.share_before as number(13, 0)) as of_dollars,
        cast(p.high * s.share_before as number(18, 0)) as before_high,
        cast(p.low * s.share_before as number(18, 0)) as before_low,
        cast(p.high * s.share_to_here as number(18, 0)) as here_high,
        cast(p.low * s.share_to_here as number(18, 0)) as here_low
    from halves as p
    inner join metering.split_shares as s on p.usage_date = s.usage_date and p.split_by = s.split_by
),

cuts as (
    select
        usage_date,
        source,
        tenant_id,
        is_tenant,
        module_id,
        resource_type,
        method,
        rule_id,
        rule_version,
        pool_sign,
        of_dollars,
        cast(
            before_high + cast((before_low - mod(before_low, 1000000)) / 1000000 as number(12, 0))
            as number(18, 0)
        ) as before_millions,
        cast(
            here_high + cast((here_low - mod(here_low, 1000000)) / 1000000 as number(12, 0))
            as number(18, 0)
        ) as here_millions
    from products
)

select
    usage_date,
    source,
    tenant_id,
    is_tenant,
    module_id,
    resource_type,
    method,
    rule_id,
    rule_version,
    pool_sign * cast(
        of_dollars
        + cast((here_millions - mod(here_millions, 1000000)) / 1000000 as number(12, 0))
        - cast((before_millions - mod(before_millions, 1000000)) / 1000000 as number(12, 0))
        as number(37, 0)
    ) as part_units
from cuts;
