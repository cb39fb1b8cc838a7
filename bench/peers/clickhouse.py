"""ClickHouse in a process (chdb): a typed table with duplicates, and events the way OpenMeter does.

The typed table lies in the order of the event's key, so that a key's lines lie together, and is
deduplicated by `argMax` over that key. OpenMeter's table and query are those of event_query.go and
meter_query.go in openmeter/streaming/clickhouse of openmeterio/openmeter: `data` is a text of JSON,
read with JSON_VALUE by each query; nothing is deduplicated. One query for all metrics at once
stands for its query per meter, and the module is cut from `source`: both spare ClickHouse work.
Stored tables are merged before a query over them is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.answers import SUMMARISED, Answer, digest

_LINES = """
create table lines (
    tenant_id LowCardinality(String), source LowCardinality(String), event_id String,
    module_id LowCardinality(String), metric LowCardinality(String), quantity Decimal(38, 6),
    event_time DateTime64(6), usage_date Date
) engine = MergeTree order by (tenant_id, source, event_id)
"""
_ROLL_UP = """
select usage_date, tenant_id, module_id, metric, sum(quantity) as quantity, count() as event_count
from (
    select tenant_id, argMax(usage_date, event_time) as usage_date,
        argMax(module_id, event_time) as module_id, argMax(metric, event_time) as metric,
        argMax(quantity, event_time) as quantity
    from lines group by tenant_id, source, event_id
) group by usage_date, tenant_id, module_id, metric
"""
_EVENTS = """
create table events (
    namespace String, id String, type LowCardinality(String), subject String, source String,
    time DateTime, data String, ingested_at DateTime, stored_at DateTime,
    index events_stored_at stored_at type minmax granularity 4, store_row_id String
) engine = MergeTree partition by toYYYYMM(time)
order by (namespace, type, subject, toStartOfHour(time))
"""
_INGEST = """
insert into events
select 'default', e.id, e.type, e.subject, e.source, toDateTime(substring(e.time, 1, 19), 'UTC'),
    e.data, now(), now(), ''
from (
    select arrayJoin(tupleElement(detail, 'events')) as e
    from file('{files}', JSONEachRow, 'detail Tuple(events Array(Tuple(
        id String, type String, subject String, source String, time String, data String)))')
) settings input_format_json_read_objects_as_strings = 1
"""
_METERS = """
select toDate(tumbleStart(time, toIntervalDay(1), 'UTC')) as usage_date, subject as tenant_id,
    splitByChar('/', source)[2] as module_id, type as metric,
    sum(toDecimal128OrNull(nullIf(JSON_VALUE(data, '$.quantity'), 'null'), 19)) as quantity,
    count() as event_count
from events where namespace = 'default' and time >= toDateTime('2026-10-01', 'UTC')
group by usage_date, tenant_id, module_id, metric
"""
_BILL = """
create table bill (
    usage_start DateTime, billing_entity LowCardinality(String),
    product_code LowCardinality(String), product_name LowCardinality(String),
    product_family LowCardinality(String), account LowCardinality(String),
    region LowCardinality(String), availability_zone LowCardinality(String),
    instance_type LowCardinality(String), unit LowCardinality(String), tags String,
    resource_id String, line_type LowCardinality(String), usage_amount Decimal(18, 6),
    unblended_rate Decimal(18, 10), unblended_cost Decimal(18, 10),
    public_on_demand_cost Decimal(18, 10)
) engine = MergeTree order by usage_start
"""
_SUMMARY = """
select toDate(usage_start) as usage_date, billing_entity, product_code, product_name,
    product_family, account, region, availability_zone, instance_type, unit, tags,
    sum(if(line_type = 'SavingsPlanNegation', toDecimal64(0, 6), b.usage_amount)) as usage_amount,
    max(b.unblended_rate) as unblended_rate, sum(b.unblended_cost) as unblended_cost,
    sum(b.public_on_demand_cost) as public_on_demand_cost,
    groupUniqArray(resource_id) as resource_ids, length(resource_ids) as resource_count
from bill as b
group by usage_date, billing_entity, product_code, product_name, product_family, account, region,
    availability_zone, instance_type, unit, tags
"""
_SUMMARISED = f"""
select {SUMMARISED}, lower(hex(MD5(tags))),
    arrayStringConcat(arraySort(resource_ids), ' ') as resources
from answer order by usage_date, resources
into outfile '{{file}}' truncate format TSV settings output_format_decimal_trailing_zeros = 1
"""
_ROWS = """
select usage_date, tenant_id, module_id, metric, toDecimal128(quantity, 6), event_count
from answer order by usage_date, tenant_id, module_id, metric
into outfile '{file}' truncate format TSV settings output_format_decimal_trailing_zeros = 1
"""


def hold_lines(database: str, lines: str) -> None:
    """Put typed lines, a Parquet file, into a table of their own."""
    with _opened(database) as session:
        session.query(_LINES)
        columns = "tenant_id, source, event_id, module_id, metric, quantity, event_time, usage_date"
        session.query(f"insert into lines select {columns} from file('{lines}', Parquet)")
        session.query("optimize table lines final")


def roll_up_lines(database: str) -> Answer:
    """The daily summary from the typed lines, each event once."""
    return _timed(database, _ROLL_UP)


def hold_bill(database: str, bill: str) -> None:
    """Put the lines of a bill, a Parquet file, into a table of their own."""
    with _opened(database) as session:
        session.query(_BILL)
        session.query(f"insert into bill select * from file('{bill}', Parquet)")
        session.query("optimize table bill final")


def summarise_bill(database: str) -> Answer:
    """The daily summary of a bill; of this one the CPU of the process is told."""
    return _timed(database, _SUMMARY, _SUMMARISED, process_time)


def ingest_and_roll_up(database: str, files: str) -> Answer:
    """The daily summary from landed files, ingested as OpenMeter's events into a new database."""
    with _opened(database) as session:
        session.query(_EVENTS)
        begun = perf_counter()
        session.query(_INGEST.format(files=files))
        ingested = perf_counter() - begun
    answer = _timed(database, _METERS)
    return {**answer, "seconds": ingested + answer["seconds"]}


def hold_events(database: str, events: str) -> None:
    """Put OpenMeter's events, a Parquet file, into its table."""
    with _opened(database) as session:
        session.query(_EVENTS)
        session.query(
            "insert into events select 'default', id, type, subject, source, time, data, now(), "
            f"now(), '' from file('{events}', Parquet)"
        )
        session.query("optimize table events final")


def roll_up_events(database: str) -> Answer:
    """The daily summary from OpenMeter's events, as often as they are there."""
    return _timed(database, _METERS)


@contextmanager
def _opened(database: str) -> Iterator[Any]:
    with closing(import_module("chdb.session").Session(database)) as session:
        session.query("set max_threads = 2")
        yield session


def _timed(
    database: str, query: str, rows: str = _ROWS, clock: Callable[[], float] = perf_counter
) -> Answer:
    file = Path(f"{database}.tsv")
    with _opened(database) as session:
        begun = clock()
        session.query(f"create table answer engine = Memory as {query}")
        took = clock() - begun
        session.query(rows.format(file=file))
        session.query("drop table answer")
    return {"seconds": took, "digest": digest(file)}
