-- metering.cost_lines: landed cost rows, typed, each once.
--
-- grain:   one row per file_name, file_row
-- kind:    dynamic table, incremental
-- refresh: append by file_name, file_row
-- reads:   metering.landed_cur, metering.landed_aws_cost, metering.landed_external_cost
-- why:     text becomes NUMBER(38,12) by pattern and is never rounded: the door refuses a finer cost. A
--          missing tag, NULL and '' all mean untagged and are written as ''.

create or alter dynamic table metering.cost_lines
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with landed as (
    select
        record,
        file_name,
        file_row,
        'cur' as cost_source
    from metering.landed_cur
    union all
    select
        record,
        file_name,
        file_row,
        'aws_cost' as cost_source
    from metering.landed_aws_cost
    union all
    select
        record,
        file_name,
        file_row,
        'external_cost' as cost_source
    from metering.landed_external_cost
),

texts as (
    select
        file_name,
        file_row,
        cost_source,
        record:usage_date::date as usage_date,
        record:cost::varchar as cost_text,
        record:amortized_cost::varchar as amortized_text,
        record:currency::varchar as currency,
        coalesce(record:owner_tag::varchar, '') as owner_tag,
        coalesce(record:module_tag::varchar, '') as module_tag,
        coalesce(record:service::varchar, '') as service,
        coalesce(record:account::varchar, '') as account,
        coalesce(record:resource_id::varchar, '') as resource_id,
        coalesce(record:usage_type::varchar, '') as usage_type
    from landed
)

select
    file_name,
    file_row,
    cost_source,
    usage_date,
    owner_tag,
    module_tag,
    service,
    account,
    resource_id,
    usage_type,
    currency,
    iff(
        regexp_like(cost_text, '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?'),
        try_to_decimal(cost_text, 38, 12),
        null
    ) as cost_usd,
    iff(
        regexp_like(amortized_text, '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?'),
        try_to_decimal(amortized_text, 38, 12),
        null
    ) as amortized_usd
from texts
qualify row_number() over (partition by file_name, file_row order by cost_source) = 1;
