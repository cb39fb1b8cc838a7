-- account_usage.query_history: the queries that ran, as Snowflake's view has them.
--
-- grain: one row per landed query
-- kind:  view, on one machine alone
-- reads: metering.landed_account_usage, account_usage.exported_files
-- why:   the columns that the book asks for, under the names that they have in an account.

create or replace view account_usage.query_history as
select
    r.record:WAREHOUSE_NAME::varchar as warehouse_name,
    r.record:QUERY_TAG::varchar as query_tag,
    r.record:ROLE_NAME::varchar as role_name,
    r.record:USER_NAME::varchar as user_name,
    cast(replace(r.record:END_TIME::varchar, 'Z', '') as timestamp_ntz(6)) as end_time,
    r.record:EXECUTION_TIME::number(38, 0) as execution_time
from metering.landed_account_usage as r
inner join account_usage.exported_files as f
    on r.file_name = f.file_name and cast(r.record:usage_date::varchar as date) = f.usage_date
where r.record:view::varchar = 'QUERY_HISTORY';
