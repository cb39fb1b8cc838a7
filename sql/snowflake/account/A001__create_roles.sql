-- A001: the roles, the two service users and what belongs to whom.
--
-- kind: account, run once by a person as ACCOUNTADMIN, in a worksheet
-- why:  whoever owns an object may do anything with it, so what lands has an owner that no job can
--       act as, and what is metered, what is owed and what was found have owners of their own. The jobs
--       may add to the landing tables and read. Readers see published views alone: finance all of them,
--       others the rows that they are named for. Roles belong to the account: use an account of its own for
--       each environment.

use role accountadmin;

create role if not exists meterbook_landing_owner
comment = 'owns the landing tables, the file format and the pipes';
create role if not exists meterbook_metering_owner
comment = 'owns what is derived in METERING, and refreshes it; the task runs in it';
create role if not exists meterbook_billing_owner
comment = 'owns what is derived in BILLING, and refreshes it';
create role if not exists meterbook_validation_owner
comment = 'owns what is derived in VALIDATION, and refreshes it';
create role if not exists meterbook_deployer
comment = 'applies sql/: may act as each owner';
create role if not exists meterbook_jobs
comment = 'what the functions log in with: adds to the landing tables, reads all, owns nothing';
create role if not exists meterbook_reader
comment = 'sees published views that tell of tenants and accounts, and there the rows it is named for';
create role if not exists meterbook_finance
comment = 'sees the published views alone, whole';

grant role meterbook_landing_owner to role meterbook_deployer;
grant role meterbook_metering_owner to role meterbook_deployer;
grant role meterbook_billing_owner to role meterbook_deployer;
grant role meterbook_validation_owner to role meterbook_deployer;
grant role meterbook_deployer to role sysadmin;
grant role meterbook_jobs to role sysadmin;
grant role meterbook_reader to role meterbook_finance;
grant role meterbook_finance to role sysadmin;

-- Give each user its public key: alter user … set rsa_public_key = '…'. The private halves are in
-- the two secrets of the deployment and nowhere else.
create user if not exists meterbook_deployer
    type = service
    default_role = meterbook_deployer
    default_warehouse = meterbook_transform
    comment = 'the function apply_sql';
create user if not exists meterbook_jobs
    type = service
    default_role = meterbook_jobs
    default_warehouse = meterbook_transform
    comment = 'every other function';
grant role meterbook_deployer to user meterbook_deployer;
grant role meterbook_jobs to user meterbook_jobs;
