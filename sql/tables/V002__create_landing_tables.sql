-- V002: the landing tables, the only ones that anything is ever loaded into.
--
-- grain: one row per landed record, exactly as it came
-- why:   append only and all of one shape, so that one rule loads them all. `file_name` and `file_row`
--        say where a record came from; `loaded_at` is for people, and no model may read it.

create table if not exists metering.deliveries (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'closing records, one a delivery; a delivery counts only when its rows are whole';

create table if not exists metering.landed_usage (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'packs of usage events, in the envelope of EventBridge';

create table if not exists metering.landed_aws_cost (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'rows of Cost Explorer answers';

create table if not exists metering.landed_cur (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'rows of cost and usage reports';

create table if not exists metering.landed_catalog (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'versions of catalog documents';

create table if not exists billing.landed_closes (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'what a close froze: one head row, then one row a line';

create table if not exists billing.landed_invoices (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'what a register sheet sealed: one row a document';
