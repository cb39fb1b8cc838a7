-- published_columns: the published views and their columns, in the order of their definition.
--
-- grain: one row per view, column
-- reads: information_schema.columns
-- why:   the engine knows what it publishes; a list kept by hand would drift from it.

select
    concat(lower(table_schema), '.', lower(table_name)) as view_name,
    lower(column_name) as column_name
from information_schema.columns
where lower(table_schema) in ('metering', 'billing') and left(lower(table_name), 2) = 'v_'
order by view_name, ordinal_position;
