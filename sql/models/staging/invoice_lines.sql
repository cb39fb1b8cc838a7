-- billing.invoice_lines: the lines of every document, as they were frozen.
--
-- grain:   one row per period_start, account_id, document_kind, subject, line_number
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_closes, metering.complete_files
-- why:     a document is made from these and never from what is known later.

create or alter dynamic table billing.invoice_lines
target_lag = '1 hour'
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    cast(concat(c.record:period::varchar, '-01') as date) as period_start,
    c.record:account_id::varchar as account_id,
    c.record:document_kind::varchar as document_kind,
    c.record:subject::varchar as subject,
    c.record:line_number::number(38, 0) as line_number,
    c.record:tenant_id::varchar as tenant_id,
    c.record:line_kind::varchar as kind,
    c.record:module_id::varchar as module_id,
    c.record:metric::varchar as metric,
    c.record:tier::number(38, 0) as tier,
    c.record:plan_id::varchar as plan_id,
    c.record:plan_version::number(38, 0) as plan_version,
    c.record:quantity::number(38, 6) as quantity,
    c.record:included_quantity::number(38, 6) as included_quantity,
    c.record:billable_quantity::number(38, 6) as billable_quantity,
    c.record:unit_price::number(38, 6) as unit_price,
    c.record:unit_size::number(38, 0) as unit_size,
    c.record:cost_usd::number(38, 12) as cost_usd,
    c.record:pricing::varchar as pricing,
    c.record:adjusts_period::varchar as adjusts_period,
    c.record:adjusts_kind::varchar as adjusts_kind,
    c.record:amount::number(38, 4) as amount
from billing.landed_closes as c
inner join metering.complete_files as f on c.file_name = f.file_name
where c.record:kind::varchar = 'line'
qualify row_number() over (partition by c.file_name, c.file_row order by c.file_name) = 1;
