"""The one door: every fact enters as files in the landing bucket, and counts once they are closed.

    <stream>/<delivery id>/00000-….jsonl.gz      the rows, one JSON object a line
    deliveries/<stream>/<delivery id>.json      the closing record, put last and only if absent

Whoever puts the closing record has made the delivery; a second writer of the same id is told that
it came too late, and its rows are never read. So a delivery id doubles as a claim: the catalog's
next revision, or the close of one account's period.

    usage/<yyyy>/<mm>/<dd>/<hh>/….gz            what Firehose writes, under the hour of arrival
    usage_counts/<yyyy>/<mm>/<dd>/<hh>/….gz     the same of what producers say they have recorded

Such an object is a delivery of its own and has no closing record: Firehose writes it whole, and the
packs in it say how many events they hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from meterbook.canonical import canonical_json, gzipped, sha256
from meterbook.errors import FileRefused, InputRefused
from meterbook.identifier import identifier
from meterbook.ports import ObjectStore

LANDING_TABLES = {
    "usage": "metering.landed_usage",
    "usage_counts": "metering.landed_usage_counts",
    "cur": "metering.landed_cur",
    "aws_cost": "metering.landed_aws_cost",
    "external_cost": "metering.landed_external_cost",
    "account_usage": "metering.landed_account_usage",
    "catalog": "metering.landed_catalog",
    "closes": "billing.landed_closes",
    "invoices": "billing.landed_invoices",
    "decisions": "billing.landed_decisions",
    "receipts": "billing.landed_receipts",
    "verdicts": "validation.landed_verdicts",
}
RECORDS_TABLE = "metering.deliveries"
RECORDS_PREFIX = "deliveries/"
_ARRIVED = re.compile(r"(usage|usage_counts)/[0-9]{4}/[0-9]{2}/[0-9]{2}/([0-9]{2}/)?[^/]+")
_AS_STORED = ("delivery_id", "stream", "family", "scope", "payer", "replaces", "origin")
ROW_CHARACTERS = 12 * 2**20  # a VARIANT holds 16 MiB
FILE_CHARACTERS = 16 * 2**20  # a file's text before it is gzipped; one is held in memory


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A landed file: its key, its rows, its bytes as stored (gzipped)."""

    file_name: str
    row_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """What a source says a day cost, in USD, added up without passing through our typing.

    `control_usd` is the unblended total; `amortized_usd` is None where the source does not tell it.
    """

    usage_date: date
    control_usd: Decimal
    row_count: int
    amortized_usd: Decimal | None = None

    def record(self) -> dict[str, object]:
        """The total as the closing record has it."""
        told: dict[str, object] = {
            "usage_date": self.usage_date.isoformat(),
            "control_usd": f"{self.control_usd:f}",
            "row_count": self.row_count,
        }
        if self.amortized_usd is not None:
            told["amortized_usd"] = f"{self.amortized_usd:f}"
        return told


@dataclass(frozen=True, slots=True)
class Delivery:
    """A closing record.

    `family` is what restates as one (payer and export; a usage source); `scope` is the family, or
    a part of its own inside it. `days` are the days it covers, none where a stream has no days.
    `ordered_at` is the delivery's place in order, aware UTC. `replaces` retires, for its days,
    every earlier delivery of the family. `origin` tells where the rows came from.
    """

    delivery_id: str
    stream: str
    family: str
    scope: str
    ordered_at: datetime
    files: Sequence[DeliveredFile]
    days: Sequence[ControlTotal] = ()
    payer: str = ""
    replaces: bool = False
    origin: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Where the closing record lies."""
        return record_key(self.stream, self.delivery_id)

    def record(self) -> dict[str, object]:
        """The closing record as it is stored and as SQL reads it."""
        days = sorted(self.days, key=lambda day: day.usage_date)
        return {
            "delivery_id": self.delivery_id,
            "stream": self.stream,
            "family": self.family,
            "scope": self.scope,
            "payer": self.payer,
            "ordered_at": f"{self.ordered_at:%Y-%m-%dT%H:%M:%S.%f}Z",
            "replaces": self.replaces,
            "files": [
                {"file_name": f.file_name, "row_count": f.row_count, "byte_count": f.byte_count}
                for f in self.files
            ],
            "days": [day.record() for day in days],
            "origin": dict(self.origin),
        }


def record_key(stream: str, delivery_id: str) -> str:
    """Where the closing record of a delivery lies."""
    return f"{RECORDS_PREFIX}{stream}/{delivery_id}.json"


@dataclass(frozen=True, slots=True)
class PackedFile:
    """Rows on their way: lines of JSON, gzipped as they will be stored, and how many they are."""

    row_count: int
    body: bytes


def land_rows(
    landing: ObjectStore, stream: str, delivery_id: str, rows: Iterable[object]
) -> list[DeliveredFile]:
    """Write a delivery's rows as files of about `FILE_CHARACTERS`, holding one of them in memory.

    Nothing counts until `close_delivery`. Writing the same rows again finds them there already.
    """
    lines = (canonical_json(row) + "\n" for row in rows)
    return land_packed(landing, stream, delivery_id, packed(lines))


def land_packed(
    landing: ObjectStore, stream: str, delivery_id: str, files: Iterable[PackedFile]
) -> list[DeliveredFile]:
    """The same for rows that are packed already."""
    # A delivery id holds one of the longest ids and a month or a number beside it.
    identifier(delivery_id, "delivery id", longest=200)
    return list(_land(landing, stream, delivery_id, files))


def _land(
    landing: ObjectStore, stream: str, delivery_id: str, files: Iterable[PackedFile]
) -> Iterator[DeliveredFile]:
    for number, file in enumerate(files):
        # The digest in the name keeps two writers of one id out of each other's files.
        key = f"{stream}/{delivery_id}/{number:05d}-{sha256(file.body)[:12]}.jsonl.gz"
        landing.put_if_absent(key, file.body)
        yield DeliveredFile(key, file.row_count, len(file.body))


def packed(rows: Iterable[str]) -> Iterator[PackedFile]:
    """Rows, each a line of canonical JSON with its end, cut where a file has enough."""
    lines: list[str] = []
    length = 0
    for line in rows:
        if len(line) > ROW_CHARACTERS:
            raise InputRefused(
                detail=f"An entry of {len(line):,} characters is more than one row of a "
                f"warehouse holds ({ROW_CHARACTERS:,}). Nothing has landed; take it out first."
            )
        lines.append(line)
        length += len(line)
        if length >= FILE_CHARACTERS:
            yield PackedFile(len(lines), gzipped("".join(lines)))
            lines, length = [], 0
    if lines:
        yield PackedFile(len(lines), gzipped("".join(lines)))


def close_delivery(landing: ObjectStore, delivery: Delivery) -> bool:
    """Put the closing record, which makes the delivery count; False if the id was taken before."""
    return landing.put_if_absent(delivery.key, canonical_json(delivery.record()).encode() + b"\n")


def closing_records(
    landing: ObjectStore, stream: str = "", id_prefix: str = ""
) -> Iterator[dict[str, object]]:
    """The closing records of a stream (of all, without one), in order of their keys.

    Errors: `FileRefused` for an object among them that no delivery of ours has put there.
    """
    prefix = f"{RECORDS_PREFIX}{stream}/{id_prefix}" if stream else RECORDS_PREFIX
    for key in landing.keys(prefix):
        yield closing_record(landing, key)


def closing_record(landing: ObjectStore, key: str) -> dict[str, object]:
    """The closing record under a key. Errors: `FileRefused` for what is none."""
    body = landing.get(key)
    try:
        record = json.loads(body)
        known = key == record_key(record["stream"], record["delivery_id"])
    except (ValueError, TypeError, KeyError):
        known = False
    if not known or record["stream"] not in LANDING_TABLES:
        raise FileRefused(
            file=key,
            detail="this is no closing record of a delivery",
            remedy="Move it out of the landing folder: nothing in there is written by hand.",
        )
    return dict(record)


def row_counts(record: Mapping[str, object]) -> dict[str, int]:
    """The files that a closing record names, each with its rows."""
    files = record["files"]
    listed = files if isinstance(files, list) else []
    return {str(file["file_name"]): int(file["row_count"]) for file in listed}


def arrived(keys: Iterable[str]) -> list[str]:
    """Those of the keys under which Firehose has written usage."""
    return sorted(key for key in keys if _ARRIVED.fullmatch(key))


def closed_delivery(landing: ObjectStore, stream: str, delivery_id: str) -> Delivery | None:
    """The delivery of this id as its closing record has it, None where there is none."""
    try:
        record: Any = closing_record(landing, record_key(stream, delivery_id))
    except KeyError:
        return None
    return Delivery(
        **{name: record[name] for name in _AS_STORED},
        ordered_at=datetime.fromisoformat(record["ordered_at"]),
        files=[DeliveredFile(**file) for file in record["files"]],
        days=[control_total(day) for day in record["days"]],
    )


def control_total(day: Mapping[str, Any]) -> ControlTotal:
    """A day's total from the form in which a closing record has it."""
    amortized = day.get("amortized_usd")
    return ControlTotal(
        usage_date=date.fromisoformat(day["usage_date"]),
        control_usd=Decimal(day["control_usd"]),
        row_count=day["row_count"],
        amortized_usd=None if amortized is None else Decimal(amortized),
    )
