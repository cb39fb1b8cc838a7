-- V004: what else lands: the cost of other providers, Snowflake's own account of itself, what people
-- decided, and what was found when figures were held against each other.
--
-- grain: one row per landed record, exactly as it came
-- why:   a decision and a verdict are facts like any other, with an actor or a moment of their own, so
--        they come in by the same door and are never changed. Verdicts have a schema of their own: who
--        judges must not share a write path with who meters or prices.

create schema if not exists validation;

create table if not exists metering.landed_external_cost (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'rows of what providers other than AWS and Snowflake charged';

create table if not exists metering.landed_account_usage (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'rows of views of ACCOUNT_USAGE, exported for a book that is kept on one machine';

create table if not exists billing.landed_decisions (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'what people decided, each with its actor and its reason';

create table if not exists validation.landed_verdicts (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'what was found when the sources of a period were reconciled';
