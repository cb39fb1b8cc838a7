-- S001: nobody changes or removes what has landed (NFR-024).
--
-- kind: Snowflake alone, applied with the rest of sql/ in the role meterbook_landing_owner
-- why:  a fact is corrected by a new one. The jobs may add; every right to change, remove or empty is
--       taken from whoever could have been given it. What remains is the owner, as which a deployment
--       can act and no job. The owner also lets the dynamic tables see what is new.

grant select, insert on table metering.deliveries to role meterbook_jobs;
revoke update, delete, truncate on table metering.deliveries from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.deliveries from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.deliveries from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.deliveries from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.deliveries from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.deliveries from role meterbook_reader;
alter table metering.deliveries set change_tracking = true;

grant select, insert on table metering.landed_usage to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_usage from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_usage from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_usage from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_usage from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_usage from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_usage from role meterbook_reader;
alter table metering.landed_usage set change_tracking = true;

grant select, insert on table metering.landed_aws_cost to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_aws_cost from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_aws_cost from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_aws_cost from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_aws_cost from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_aws_cost
from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_aws_cost from role meterbook_reader;
alter table metering.landed_aws_cost set change_tracking = true;

grant select, insert on table metering.landed_cur to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_cur from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_cur from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_cur from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_cur from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_cur from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_cur from role meterbook_reader;
alter table metering.landed_cur set change_tracking = true;

grant select, insert on table metering.landed_catalog to role meterbook_jobs;
revoke update, delete, truncate on table metering.landed_catalog from role meterbook_jobs;
revoke insert, update, delete, truncate on table metering.landed_catalog from role meterbook_deployer;
revoke insert, update, delete, truncate on table metering.landed_catalog from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table metering.landed_catalog from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table metering.landed_catalog from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table metering.landed_catalog from role meterbook_reader;
alter table metering.landed_catalog set change_tracking = true;

grant select, insert on table billing.landed_closes to role meterbook_jobs;
revoke update, delete, truncate on table billing.landed_closes from role meterbook_jobs;
revoke insert, update, delete, truncate on table billing.landed_closes from role meterbook_deployer;
revoke insert, update, delete, truncate on table billing.landed_closes from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table billing.landed_closes from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table billing.landed_closes from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table billing.landed_closes from role meterbook_reader;
alter table billing.landed_closes set change_tracking = true;

grant select, insert on table billing.landed_invoices to role meterbook_jobs;
revoke update, delete, truncate on table billing.landed_invoices from role meterbook_jobs;
revoke insert, update, delete, truncate on table billing.landed_invoices from role meterbook_deployer;
revoke insert, update, delete, truncate on table billing.landed_invoices from role meterbook_metering_owner;
revoke insert, update, delete, truncate on table billing.landed_invoices from role meterbook_billing_owner;
revoke insert, update, delete, truncate on table billing.landed_invoices from role meterbook_validation_owner;
revoke insert, update, delete, truncate on table billing.landed_invoices from role meterbook_reader;
alter table billing.landed_invoices set change_tracking = true;
