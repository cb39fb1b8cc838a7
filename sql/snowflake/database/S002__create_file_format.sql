-- S002: how a landed file is read: JSON, one record a line or one record a file, gzipped or not.
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  nothing is trimmed, replaced or taken for null on the way in: a record arrives as it was.

create file format if not exists metering.json_lines
    type = json
    compression = auto
    strip_outer_array = false
    strip_null_values = false
    replace_invalid_characters = false
    comment = 'landed records and closing records';
grant usage on file format metering.json_lines to role meterbook_jobs;
