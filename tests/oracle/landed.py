"""A book in memory, what was landed in it, and the comparison of its tables with the oracle."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from meterbook.book import Book
from meterbook.delivery import Delivery, close_delivery, closing_records, land_rows
from meterbook.ports import ObjectStore
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from oracle.records import KINDS, MINOR_DIGITS, Answer, CostDelivery, Json, JudgedDay, Line

PACK = 100


def book_in(folder: Path, now: datetime) -> Book:
    """A book whose tables are in memory and whose landing bucket is a folder."""
    book = Book(DuckDBWarehouse(None), FolderStore(folder), FixedClock(now))
    book.apply()
    return book


# -- landing ------------------------------------------------------------------------------------


def land_catalog(landing: ObjectStore, revision: int, rows: Sequence[Json]) -> None:
    numbered = [{**row, "revision": revision} for row in rows]
    _land(landing, "catalog", f"{revision:08d}", numbered, family="catalog")


def land_events(landing: ObjectStore, name: str, events: Sequence[Json]) -> None:
    packs = (events[start : start + PACK] for start in range(0, len(events), PACK))
    rows = [
        {
            "version": "0",
            "id": f"{name}-{number}",
            "detail-type": "usage_recorded",
            "source": "meterbook.import",
            "time": "2026-11-05T08:00:00Z",
            "detail": {"count": len(pack), "events": list(pack)},
        }
        for number, pack in enumerate(packs)
    ]
    _land(landing, "usage", name, rows, family=name)


def _land(
    landing: ObjectStore, stream: str, delivery_id: str, rows: Sequence[Json], family: str
) -> None:
    files = land_rows(landing, stream, delivery_id, rows)
    placed = datetime(2026, 11, 5, 8, tzinfo=UTC)
    close_delivery(landing, Delivery(delivery_id, stream, family, family, placed, files))


# -- what was landed ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Landed:
    """The raw records, as anyone could read them from the bucket."""

    catalog: list[Json]
    events: list[Json]
    costs: list[CostDelivery]


def read_back(landing: ObjectStore) -> Landed:
    """Read the bucket without the book's help; a delivery that is not whole is not there."""
    events = [
        {**event, "envelope": row["time"]}
        for row in _rows(landing, ["usage"])
        for event in row.get("detail", {}).get("events", [{}])
    ]
    costs = [
        CostDelivery(record, rows)
        for stream in ("cur", "aws_cost")
        for record in closing_records(landing, stream)
        if (rows := _rows_of(landing, record)) is not None
    ]
    return Landed(list(_rows(landing, ["catalog"])), events, costs)


def _rows(landing: ObjectStore, streams: Iterable[str]) -> Iterator[Json]:
    for stream in streams:
        for record in closing_records(landing, stream):
            yield from _rows_of(landing, record) or ()


def _rows_of(landing: ObjectStore, record: Json) -> list[Json] | None:
    found: list[Json] = []
    for file in record["files"]:
        try:
            lines = gzip.decompress(landing.get(file["file_name"])).decode().splitlines()
        except KeyError:
            return None
        if len(lines) != file["row_count"]:
            return None
        found += [json.loads(line) for line in lines]
    return found


# -- comparison ---------------------------------------------------------------------------------


def assert_same(book: Book, expected: Answer) -> None:
    """Every table of the book says what the oracle says, row by row, to the last digit."""
    pairs: dict[str, tuple[Mapping[Any, object], Mapping[Any, object]]] = {
        "usage_daily": (usage_daily(book), expected.usage_daily),
        "usage_distinct": (usage_distinct(book), expected.usage_distinct),
        "usage_rejects": (rejects(book), expected.rejects),
        "fates of lines": (fates(book), fates_of(expected)),
        "attributed_cost_daily": (attributed(book), _without_zeros(expected.attributed)),
        "cost_conservation": (conservation(book), expected.conservation),
        "unattributed_costs": (unattributed(book), expected.unattributed),
        "daily_tenant_summary": (
            _with_something(daily_summary(book)),
            _with_something(expected.daily_summary()),
        ),
        "period_lines": (period_lines(book), expected.lines_by_key()),
        "unrated_usage": (unrated(book), expected.unrated),
        "period_faults": (faults(book), dict.fromkeys(expected.faults, True)),
        "billing_period_summary": (totals(book), expected.totals),
    }
    differences = [
        f"{table} {key}: SQL says {found.get(key)}, the oracle {wanted.get(key)}"
        for table, (found, wanted) in pairs.items()
        for key in sorted(found.keys() | wanted.keys(), key=str)
        if found.get(key) != wanted.get(key)
    ]
    assert not differences, "\n".join(differences[:20])


def _with_something(
    rows: Mapping[tuple[str, ...], tuple[Fraction, ...]],
) -> dict[tuple[str, ...], tuple[Fraction, ...]]:
    return {key: amounts for key, amounts in rows.items() if any(amounts)}


def fates_of(expected: Answer) -> dict[str, int]:
    return {
        "landed": expected.landed,
        "duplicates": expected.duplicates,
        "counted": expected.counted,
    }


def _select(book: Book, columns: str, table: str) -> Iterator[tuple[Any, ...]]:
    for row in book.warehouse.query(f"select {columns} from {table}"):
        yield tuple(row.values())


def _exact(value: object) -> Fraction:
    return Fraction(str(value))


def usage_daily(book: Book) -> dict[tuple[str, ...], tuple[Fraction, int]]:
    columns = "usage_date, tenant_id, module_id, metric, quantity, event_count"
    rows = _select(book, columns, "metering.usage_daily")
    return {_texts(key): (_exact(quantity), count) for *key, quantity, count in rows}


def usage_distinct(book: Book) -> Counter[tuple[str, ...]]:
    columns = "cast(period_start as varchar) as period, tenant_id, metric"
    rows = _select(book, columns, "metering.usage_distinct")
    return Counter((str(period)[:7], tenant, metric) for period, tenant, metric in rows)


def rejects(book: Book) -> Counter[tuple[str, ...]]:
    return Counter(_select(book, "event_id, reason", "metering.usage_rejects"))


def fates(book: Book) -> dict[str, int]:
    """Lines landed, lines that only repeat another, events counted."""
    landed, rejected, counted = (
        len(list(_select(book, "event_id", f"metering.{table}")))
        for table in ("usage_lines", "usage_rejects", "usage_events")
    )
    return {"landed": landed, "duplicates": landed - rejected - counted, "counted": counted}


def attributed(book: Book) -> dict[tuple[str, ...], Fraction]:
    columns = (
        "usage_date, disposition, tenant_id, module_id, resource_type, rule_id, rule_version, "
        "reason, cost_usd"
    )
    rows = _select(book, columns, "metering.attributed_cost_daily")
    found = {_texts(key): _exact(cost) for *key, cost in rows}
    unruled = {key: (*key[:6], "" if key[6] == "0" else key[6], key[7]) for key in found}
    return _without_zeros({unruled[key]: cost for key, cost in found.items()})


def _without_zeros(costs: dict[tuple[str, ...], Fraction]) -> dict[tuple[str, ...], Fraction]:
    return {key: cost for key, cost in costs.items() if cost}


def conservation(book: Book) -> dict[str, tuple[Fraction, ...]]:
    columns = "usage_date, control_usd, typed_usd, attributed_usd, kept_usd, unattributed_usd, residual_usd"
    rows = _select(book, columns, "metering.cost_conservation")
    return {str(day): tuple(map(_exact, amounts)) for day, *amounts in rows}


def unattributed(book: Book) -> dict[str, JudgedDay]:
    columns = (
        "usage_date, total_aws_cost_usd, unattributed_cost_usd, unattributed_share, "
        "threshold_used, is_settled, exceeds_threshold"
    )
    rows = _select(book, columns, "metering.unattributed_costs")
    return {
        str(day): JudgedDay(_exact(charges), _exact(gap), _exact(share), _exact(limit), *verdict)
        for day, charges, gap, share, limit, *verdict in rows
    }


def daily_summary(book: Book) -> dict[tuple[str, ...], tuple[Fraction, ...]]:
    columns = "usage_date, tenant_id, module_id, resource_type, quantity, attributed_cost_usd"
    rows = _select(book, columns, "metering.daily_tenant_summary")
    return {_texts(row[:4]): (_exact(row[4]), _exact(row[5])) for row in rows}


def period_lines(book: Book) -> dict[tuple[str, ...], Line]:
    columns = (
        "period_start, account_id, tenant_id, kind, module_id, metric, plan_id, plan_version, "
        "currency, quantity, included_quantity, billable_quantity, amount_minor"
    )
    lines = {}
    for row in _select(book, columns, "billing.period_lines"):
        period, account, tenant, kind, module, metric, plan, version, currency = map(str, row[:9])
        quantity, included, billable = map(_exact, row[9:12])
        line = Line(
            period[:7], account, tenant, kind, module, metric, f"{plan}:{version}", currency,
            quantity, included, billable, int(str(row[12])),
        )  # fmt: skip
        lines[line.key] = line
    return lines


def unrated(book: Book) -> dict[tuple[str, ...], Fraction]:
    rows = _select(book, "period_start, tenant_id, metric, quantity", "billing.unrated_usage")
    return {
        (str(period)[:7], tenant, metric): _exact(quantity)
        for period, tenant, metric, quantity in rows
    }


def faults(book: Book) -> dict[tuple[str, ...], bool]:
    rows = _select(book, "period_start, account_id, tenant_id, reason", "billing.period_faults")
    return {(str(row[0])[:7], *_texts(row[1:])): True for row in rows}


def totals(book: Book) -> dict[tuple[str, ...], dict[str, int]]:
    columns = "period_start, tenant_id, currency, levy, facility, variable, passthrough, total"
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for period, tenant, currency, *amounts in _select(
        book, columns, "metering.billing_period_summary"
    ):
        digits = MINOR_DIGITS.get(str(currency), 2)
        minor = [int(_exact(amount) * 10**digits) for amount in amounts]
        found[str(period)[:7], tenant, currency] = dict(zip(KINDS, minor, strict=True))
    return found


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
