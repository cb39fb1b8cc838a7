-- V006: what others report as paid.
--
-- grain: one row per landed record, exactly as it came
-- why:   Meterbook takes no money. Whoever does says what has come in, and it is held against what is open.

create table if not exists billing.landed_receipts (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'payments that others report, each for one document';
