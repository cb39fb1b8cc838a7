-- A004: what Snowflake says of the account itself, and the right to have a task run.
--
-- kind: account, run once by a person as ACCOUNTADMIN, in a worksheet
-- why:  the credits of each warehouse, query and service stand in SNOWFLAKE.ACCOUNT_USAGE, a database that
--       Snowflake shares. Two of its database roles show what the view metering.snowflake_credit_usage
--       reads: USAGE_VIEWER the metering, GOVERNANCE_VIEWER the queries with their tags. That is less than
--       `imported privileges on database snowflake`, which would show everything. The role that derives
--       METERING gets them, since the view is its own and the task runs in it.

use role accountadmin;

grant database role snowflake.usage_viewer to role meterbook_metering_owner;
grant database role snowflake.governance_viewer to role meterbook_metering_owner;
grant execute task on account to role meterbook_metering_owner;
