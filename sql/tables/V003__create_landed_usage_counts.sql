-- V003: the second channel of usage: how many events each producer says that it has recorded.
--
-- grain: one row per landed record, exactly as it came
-- why:   a count travels by the producer's log and not by the bus, so the loss of the last events of a
--        producer, after which no later number comes, is seen here.

create table if not exists metering.landed_usage_counts (
    record variant not null,
    file_name varchar not null,
    file_row number(38, 0) not null,
    loaded_at timestamp_ntz(6) not null
) comment = 'what producers say they have recorded, from their logs';
