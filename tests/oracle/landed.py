"""A book in memory, what is landed in it, and what anyone can read of that in the bucket."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterbook.book import Book
from meterbook.delivery import Delivery, close_delivery, closing_records, land_rows
from meterbook.ports import ObjectStore
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from oracle.oracle import answer
from oracle.records import Answer, Delivered, Json

PACK = 100
WRITTEN = "2026-11-05T08:00:00Z"  # the time on every envelope
COVERING = ("cur", "aws_cost", "external_cost", "account_usage")  # streams that restate days
STREAMED = re.compile(r"(usage|usage_counts)/\d{4}/\d\d/\d\d/.+")


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
    _land(landing, "usage", name, packs_of(name, events), family=name)


def packs_of(name: str, events: Sequence[Json], size: int = PACK) -> list[Json]:
    """Events as they come out of the bus, in packs under its envelope."""
    packs = (events[start : start + size] for start in range(0, len(events), size))
    return [
        {
            "version": "0",
            "id": f"{name}-{number}",
            "detail-type": "usage_recorded",
            "source": "meterbook.import",
            "time": WRITTEN,
            "detail": {"count": len(pack), "events": list(pack)},
        }
        for number, pack in enumerate(packs)
    ]


def stream_events(landing: ObjectStore, name: str, events: Sequence[Json], size: int = 3) -> None:
    """Land packs as Firehose writes them: an object that needs no closing record."""
    stream_rows(landing, "usage", name, packs_of(name, events, size))


def stream_counts(landing: ObjectStore, name: str, counts: Sequence[Json]) -> None:
    """Land counts of what was recorded, as they come from the host's log."""
    stream_rows(landing, "usage_counts", name, counts)


def stream_rows(landing: ObjectStore, stream: str, name: str, rows: Sequence[Json]) -> None:
    body = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    landing.put_if_absent(f"{stream}/2026/11/05/08/{name}.jsonl.gz", body)


def land_rows_of(landing: ObjectStore, stream: str, delivery_id: str, rows: Sequence[Json]) -> None:
    """Land a delivery that is of no family but its own."""
    _land(landing, stream, delivery_id, rows, family=delivery_id)


def land_decision(landing: ObjectStore, stream: str, delivery_id: str) -> None:
    """Land what a person has decided after a look at the delivery."""
    row = {
        "decision": "accept_delivery",
        "stream": stream,
        "subject": delivery_id,
        "actor": "ada",
        "reason": "AWS has credited it",
        "decided_at": "2026-11-05T09:00:00Z",
    }
    land_rows_of(landing, "decisions", f"accept_delivery.{stream}.{delivery_id}", [row])


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
    deliveries: list[Delivered]
    counts: list[Json]
    decisions: list[Json]
    closes: list[Json]

    def answer(self) -> Answer:
        """What the oracle makes of them."""
        return answer(
            self.catalog, self.events, self.deliveries, self.counts, self.decisions, self.closes
        )


def read_back(landing: ObjectStore) -> Landed:
    """Read the bucket without the book's help; a delivery that is not whole is not there."""
    events = [
        {**event, "envelope": row.get("time", "")}
        for row in (*_arrived(landing, "usage"), *_streamed(landing, "usage"))
        for event in _events_of(row)
    ]
    deliveries = [
        Delivered(record, rows)
        for stream in COVERING
        for record in closing_records(landing, stream)
        if (rows := _rows_of(landing, record)) is not None
    ]
    counts = list(_streamed(landing, "usage_counts"))
    catalog, decisions, closes = (
        list(_rows(landing, [name])) for name in ("catalog", "decisions", "closes")
    )
    heads = [row for row in closes if row["kind"] == "close"]
    return Landed(catalog, events, deliveries, counts, decisions, heads)


def _events_of(row: Json) -> list[Json]:
    """The events of a pack; a row that holds none, or no pack, is one line that tells nothing."""
    detail = row.get("detail")
    events = detail.get("events") if isinstance(detail, dict) else None
    told = events if isinstance(events, list) and events else [{}]
    return [event if isinstance(event, dict) else {} for event in told]


def _arrived(landing: ObjectStore, stream: str) -> Iterator[Json]:
    """Rows of every file that is here: usage never restates, so each of its records stands alone."""
    for record in closing_records(landing, stream):
        for file in record["files"]:
            yield from _rows_of(landing, {"files": [file]}) or ()


def _streamed(landing: ObjectStore, stream: str) -> Iterator[Json]:
    for key in landing.keys(f"{stream}/"):
        if STREAMED.fullmatch(key):
            yield from map(json.loads, gzip.decompress(landing.get(key)).splitlines())


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
