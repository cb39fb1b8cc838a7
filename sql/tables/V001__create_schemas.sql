-- V001: the two schemas of the book.
--
-- why: METERING holds what happened and what it cost, BILLING what is owed. Each has an owner role of
--      its own, so that metering and pricing never share a write path.

create schema if not exists metering;
create schema if not exists billing;
