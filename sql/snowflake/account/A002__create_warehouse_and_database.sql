-- A002: the warehouse, the database, its schemas, and who may do what in them from now on.
--
-- kind: account, run once by a person as ACCOUNTADMIN, in a worksheet
-- why:  to say what holds for objects that are still to come takes a right that no deployment should
--       have. It is said here once, so that an object that is replaced keeps those who read it. A deployment
--       that has its warehouse and database already writes their names here and in its settings.

use role accountadmin;

create warehouse if not exists meterbook_transform
warehouse_size = xsmall
auto_suspend = 60
auto_resume = true
initially_suspended = true
comment = 'refreshes the dynamic tables and answers the jobs';
grant usage on warehouse meterbook_transform to role meterbook_landing_owner;
grant usage on warehouse meterbook_transform to role meterbook_metering_owner;
grant usage on warehouse meterbook_transform to role meterbook_billing_owner;
grant usage on warehouse meterbook_transform to role meterbook_validation_owner;
grant usage on warehouse meterbook_transform to role meterbook_deployer;
grant usage on warehouse meterbook_transform to role meterbook_jobs;
grant usage on warehouse meterbook_transform to role meterbook_reader;

create database if not exists meterbook;
use database meterbook;
grant usage on database meterbook to role meterbook_landing_owner;
grant usage on database meterbook to role meterbook_metering_owner;
grant usage on database meterbook to role meterbook_billing_owner;
grant usage on database meterbook to role meterbook_validation_owner;
grant usage on database meterbook to role meterbook_deployer;
grant usage on database meterbook to role meterbook_jobs;
grant usage on database meterbook to role meterbook_reader;
-- `create schema if not exists` asks for the right to create, also where the schema is there.
grant create schema on database meterbook to role meterbook_landing_owner;
grant create schema on database meterbook to role meterbook_deployer;

create schema if not exists metering;
create schema if not exists billing;
create schema if not exists validation;
grant ownership on schema metering to role meterbook_metering_owner copy current grants;
grant ownership on schema billing to role meterbook_billing_owner copy current grants;
grant ownership on schema validation to role meterbook_validation_owner copy current grants;

-- The landing owner makes the landing tables and what fills them.
grant usage, create table, create file format, create pipe, create row access policy on schema metering
to role meterbook_landing_owner;
grant usage, create table on schema billing to role meterbook_landing_owner;
grant usage, create table on schema validation to role meterbook_landing_owner;
-- The deployer keeps its own history, metering.applied_sql.
grant usage, create table on schema metering to role meterbook_deployer;

-- Each owner reads what lands and what the others derive; to refresh its own it may refresh that.
grant usage on schema metering to role meterbook_billing_owner;
grant usage on schema metering to role meterbook_validation_owner;
grant usage on schema billing to role meterbook_metering_owner;
grant usage on schema billing to role meterbook_validation_owner;
grant usage on schema validation to role meterbook_metering_owner;
grant usage on schema validation to role meterbook_billing_owner;
grant select on future tables in schema metering to role meterbook_metering_owner;
grant select on future tables in schema metering to role meterbook_billing_owner;
grant select on future tables in schema metering to role meterbook_validation_owner;
-- A model of BILLING reads a view of METERING as well as what is derived there.
grant select on future views in schema metering to role meterbook_billing_owner;
grant select on future tables in schema billing to role meterbook_metering_owner;
grant select on future tables in schema billing to role meterbook_billing_owner;
grant select on future tables in schema billing to role meterbook_validation_owner;
grant select on future tables in schema validation to role meterbook_metering_owner;
grant select on future tables in schema validation to role meterbook_billing_owner;
grant select on future tables in schema validation to role meterbook_validation_owner;
grant select, operate on future dynamic tables in schema metering to role meterbook_billing_owner;
grant select, operate on future dynamic tables in schema metering to role meterbook_validation_owner;
grant select, operate on future dynamic tables in schema billing to role meterbook_metering_owner;
grant select, operate on future dynamic tables in schema billing to role meterbook_validation_owner;
grant select, operate on future dynamic tables in schema validation to role meterbook_metering_owner;
grant select, operate on future dynamic tables in schema validation to role meterbook_billing_owner;

-- The jobs read everything and may ask for a refresh.
grant usage on schema metering to role meterbook_jobs;
grant usage on schema billing to role meterbook_jobs;
grant usage on schema validation to role meterbook_jobs;
grant select on future tables in schema metering to role meterbook_jobs;
grant select on future tables in schema billing to role meterbook_jobs;
grant select on future tables in schema validation to role meterbook_jobs;
grant select on future views in schema metering to role meterbook_jobs;
grant select, operate on future dynamic tables in schema metering to role meterbook_jobs;
grant select, operate on future dynamic tables in schema billing to role meterbook_jobs;
grant select, operate on future dynamic tables in schema validation to role meterbook_jobs;

-- Readers and finance: published views and nothing else. Each is granted by its owner when it is made, for
-- other views of the schema are steps on the way that show more than is published.
grant usage on schema metering to role meterbook_reader;
