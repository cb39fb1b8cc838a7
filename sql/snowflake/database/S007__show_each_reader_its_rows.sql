-- S007: which rows of what is published a reader sees.
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  the second wall behind the API: whoever asks the warehouse itself sees a tenant's rows only where
--       metering.row_readers names one of his roles for that tenant, and an account's only where it names
--       one for that account. Finance, the jobs and who owns what is derived see all. Each published view
--       that has such a column gets its policy when it is made, before anybody may read it; the views that
--       have none tell of the platform as a whole, and are for finance alone. No right to write down who
--       sees what is given here: that is done as the owner, who is meterbook_landing_owner.

create table if not exists metering.row_readers (
    role_name varchar not null,
    reach varchar not null,
    id varchar not null
)
comment = 'which roles (in upper case) see which rows; reach is tenant or account, and id is whose';

create row access policy if not exists metering.tenant_rows
as(tenant_id varchar) returns boolean -> false
comment = 'rows of one tenant';
alter row access policy metering.tenant_rows
set body ->
is_role_in_session('METERBOOK_FINANCE')
or is_role_in_session('METERBOOK_JOBS')
or is_role_in_session('METERBOOK_METERING_OWNER')
or exists (
    select role_name
    from metering.row_readers
    where reach = 'tenant' and id = tenant_id and is_role_in_session(role_name)
);
grant apply on row access policy metering.tenant_rows to role meterbook_metering_owner;

create row access policy if not exists metering.account_rows
as(account_id varchar) returns boolean -> false
comment = 'rows of one account';
alter row access policy metering.account_rows
set body ->
is_role_in_session('METERBOOK_FINANCE')
or is_role_in_session('METERBOOK_JOBS')
or is_role_in_session('METERBOOK_METERING_OWNER')
or exists (
    select role_name
    from metering.row_readers
    where reach = 'account' and id = account_id and is_role_in_session(role_name)
);
grant apply on row access policy metering.account_rows to role meterbook_metering_owner;
