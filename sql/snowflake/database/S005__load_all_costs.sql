-- S005: what else lands is kept and filled like all that lands (S001, S003), and runs only grow.
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  the cost of other providers, decisions and verdicts are facts like any other. Exports of
--       ACCOUNT_USAGE nobody hands in here, since the task reads it where it is; their pipe stands because
--       one rule for every stream is easier to trust than an exception. A run of that task is a fact, too:
--       the role that it runs in may add one and can neither change nor remove one (NFR-024).

grant select, insert on table metering.landed_external_cost to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_external_cost from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_external_cost
from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_external_cost
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_external_cost
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_external_cost
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_external_cost
from role meterbook_reader;
alter table metering.landed_external_cost set change_tracking = true;

grant select, insert on table metering.landed_account_usage to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_account_usage from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_account_usage
from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_account_usage
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_account_usage
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_account_usage
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_account_usage
from role meterbook_reader;
alter table metering.landed_account_usage set change_tracking = true;

grant select, insert on table billing.landed_decisions to role meterbook_jobs;
revoke update, delete, truncate on table billing.landed_decisions from role meterbook_jobs;
revoke insert, update, delete, truncate on table billing.landed_decisions from role meterbook_deployer;
revoke insert, update, delete, truncate on table billing.landed_decisions
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table billing.landed_decisions
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table billing.landed_decisions
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table billing.landed_decisions from role meterbook_reader;
alter table billing.landed_decisions set change_tracking = true;

grant select, insert on table validation.landed_verdicts to role meterbook_jobs;
revoke update, delete, truncate on table validation.landed_verdicts from role meterbook_jobs;
revoke insert, update, delete, truncate on table validation.landed_verdicts from role meterbook_deployer;
revoke insert, update, delete, truncate on table validation.landed_verdicts
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table validation.landed_verdicts
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table validation.landed_verdicts
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table validation.landed_verdicts from role meterbook_reader;
alter table validation.landed_verdicts set change_tracking = true;

grant select, insert on table metering.snowflake_credit_runs to role meterbook_metering_owner;
revoke update, delete, truncate on table metering.snowflake_credit_runs
from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.snowflake_credit_runs from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.snowflake_credit_runs
from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.snowflake_credit_runs
from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.snowflake_credit_runs
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.snowflake_credit_runs
from role meterbook_reader;
alter table metering.snowflake_credit_runs set change_tracking = true;

create pipe if not exists metering.load_landed_external_cost
auto_ingest = true
as
copy into metering.landed_external_cost (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/external_cost/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_account_usage
auto_ingest = true
as
copy into metering.landed_account_usage (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/account_usage/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_decisions
auto_ingest = true
as
copy into billing.landed_decisions (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/decisions/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;

create pipe if not exists metering.load_landed_verdicts
auto_ingest = true
as
copy into validation.landed_verdicts (record, file_name, file_row, loaded_at)
from (
    select
        $1,
        metadata$filename,
        metadata$file_row_number,
        metadata$start_scan_time::timestamp_ntz(6)
    from @metering.landing/verdicts/
)
file_format = (format_name = 'metering.json_lines')
on_error = skip_file;
