-- A003: the way from the landing bucket into the database.
--
-- kind: account, run once by a person as ACCOUNTADMIN, after the stack `collection` is deployed
-- why:  Snowflake reads the bucket in a role of the AWS account, which trusts Snowflake's user by an
--       external id. Write the bucket and the role in below, run this, then give what
--       `desc integration meterbook_landing` answers to the stack. The stage begins at the top of the
--       bucket, because a file is known by its whole key.

use role accountadmin;
use database meterbook;

create storage integration if not exists meterbook_landing
type = external_stage
storage_provider = 's3'
enabled = true
storage_aws_role_arn = 'arn:aws:iam::000000000000:role/WRITE-THE-ROLE-HERE'
storage_allowed_locations = ('s3://WRITE-THE-LANDING-BUCKET-HERE/');

create stage if not exists metering.landing
    url = 's3://WRITE-THE-LANDING-BUCKET-HERE/'
    storage_integration = meterbook_landing
    comment = 'the landing bucket, from its top';
grant usage on integration meterbook_landing to role meterbook_landing_owner;
grant usage on stage metering.landing to role meterbook_landing_owner;
grant usage on stage metering.landing to role meterbook_jobs;
