-- billing.period_closes: what was closed: one account's period, frozen.
--
-- grain:   one row per period_start, account_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_closes, metering.complete_files
-- why:     the closing record of the delivery is the claim, so a period of an account is closed once.

create or alter dynamic table billing.period_closes
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    cast(concat(c.record:period::varchar, '-01') as date) as period_start,
    c.record:account_id::varchar as account_id,
    c.record:seller_id::varchar as seller_id,
    c.record:currency::varchar as currency,
    c.record:total::number(38, 4) as total,
    c.record:snapshot_sha256::varchar as snapshot_sha256,
    cast(left(c.record:closed_at::varchar, 26) as timestamp_ntz(6)) as closed_at
from billing.landed_closes as c
inner join metering.complete_files as f on c.file_name = f.file_name
where c.record:kind::varchar = 'close'
qualify row_number() over (partition by c.file_name, c.file_row order by c.file_name) = 1;
