-- metering.split_shares: each owner's share of a split, as the span that it takes of a whole of 10^12.
--
-- grain:   one row per usage_date, split_by, tenant_id
-- kind:    dynamic table, incremental
-- refresh: parts by usage_date
-- reads:   metering.split_weights
-- why:     the one definition of a split: cumulative shares in id order, cut at twelve digits. The last
--          share ends at exactly 10^12, so parts sum to the pool. A split without any weight has no row.

create or alter dynamic table metering.split_shares
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with running as (
    select
        usage_date,
        split_by,
        tenant_id,
        is_tenant,
        weight,
        sum(weight) over (
            partition by usage_date, split_by order by tenant_id
            rows between unbounded preceding and current row
        ) as weight_to_here,
        sum(weight) over (partition by usage_date, split_by) as weight_of_all
    from metering.split_weights
),

numerators as (
    select
        usage_date,
        split_by,
        tenant_id,
        is_tenant,
        cast(weight_of_all as number(38, 0)) as weight_of_all,
        cast(weight_to_here * 1000000000000 as number(38, 0)) as numerator_to_here,
        cast((weight_to_here - weight) * 1000000000000 as number(38, 0)) as numerator_before
    from running
)

select
    usage_date,
    split_by,
    tenant_id,
    is_tenant,
    cast(
        cast(
            (numerator_before - mod(numerator_before, weight_of_all)) / weight_of_all as number(38, 0)
        ) as number(13, 0)
    ) as share_before,
    cast(
        cast(
            (numerator_to_here - mod(numerator_to_here, weight_of_all)) / weight_of_all as number(38, 0)
        ) as number(13, 0)
    ) as share_to_here
from numerators;
