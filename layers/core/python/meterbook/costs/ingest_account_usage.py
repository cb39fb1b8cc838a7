"""Snowflake's own account of itself comes in from files: exports of views of ACCOUNT_USAGE.

In the cloud a task reads these views where they are. All files of one command form one delivery; it
covers the days of METERING_DAILY_HISTORY in it, and the latest one decides a day whole.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256
from meterbook.costs.account_usage_file import ExportLine, export_lines
from meterbook.costs.coverage import exact_sum
from meterbook.costs.window import STAMP, ordered_after
from meterbook.delivery import (
    ControlTotal,
    Delivery,
    close_delivery,
    closing_records,
    land_rows,
)
from meterbook.errors import FileRefused, Refused
from meterbook.ports import ObjectStore

STREAM = "account_usage"
_BILLED = "METERING_DAILY_HISTORY"


@dataclass(frozen=True, slots=True)
class AccountUsageIngested:
    """The delivery that holds the exports, landed now or, if `unchanged`, before."""

    delivery_id: str
    rows: int
    days: int
    credits_billed: Decimal
    unchanged: bool


def ingest_account_usage(book: Book, files: Sequence[Path]) -> AccountUsageIngested:
    """Land the exports as one delivery and bring the book up to date.

    Errors: `FileRefused` naming line, column and value.
    """
    ingested = land_account_usage(book.landing, book.clock.now(), files)
    book.update()
    return ingested


def land_account_usage(
    landing: ObjectStore, now: datetime, files: Sequence[Path]
) -> AccountUsageIngested:
    """The same without a book: judge all files, then land them, unless they decide already."""
    content_sha256 = _content_sha256(files)
    if same := _deciding_alone(landing, content_sha256):
        return _told(same, unchanged=True)
    days, billed = _judged(files)
    ordered_at = ordered_after(landing, STREAM, f"{STREAM}.", now)
    delivery_id = f"{STREAM}.{ordered_at:{STAMP}}.{content_sha256[:12]}"
    landed = land_rows(landing, STREAM, delivery_id, (line.row for _, line in _lines(files)))
    if _content_sha256(files) != content_sha256:
        raise FileRefused(file=_shown(files), detail="the content changed while it was read")
    delivery = Delivery(
        delivery_id=delivery_id,
        stream=STREAM,
        family=STREAM,
        scope=STREAM,
        ordered_at=ordered_at,
        files=landed,
        days=days,
        origin={
            "content_sha256": content_sha256,
            "credits_billed": f"{billed:f}",
            "files": [path.name for path in files],
        },
    )
    if not close_delivery(landing, delivery):
        raise Refused(detail=f"{_shown(files)} was imported by another command meanwhile.")
    return _told(delivery.record(), unchanged=False)


def _told(record: Any, *, unchanged: bool) -> AccountUsageIngested:  # noqa: ANN401 - as JSON gives it
    return AccountUsageIngested(
        delivery_id=record["delivery_id"],
        rows=sum(file["row_count"] for file in record["files"]),
        days=len(record["days"]),
        credits_billed=Decimal(record["origin"]["credits_billed"]),
        unchanged=unchanged,
    )


def _content_sha256(files: Sequence[Path]) -> str:
    """One hash for the files in any order. Errors: where one is named twice or cannot be read."""
    contents: dict[str, Path] = {}
    for path in files:
        content = _sha256(path)
        if content in contents:
            raise FileRefused(
                file=str(path),
                detail=f"it holds the same bytes as {contents[content]}",
                remedy="Name each file once: every row of a delivery counts.",
            )
        contents[content] = path
    return sha256(canonical_json(sorted(contents)))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileRefused(file=str(path), detail=str(error.strerror).lower()) from None


def _deciding_alone(landing: ObjectStore, content_sha256: str) -> dict[str, object] | None:
    """The delivery of this content that still decides each of its days, if there is one."""
    records: list[Any] = list(closing_records(landing, STREAM))
    records.sort(key=lambda record: (record["ordered_at"], record["delivery_id"]))
    decider = {day["usage_date"]: record for record in records for day in record["days"]}
    for record in records:
        if record["origin"]["content_sha256"] == content_sha256 and all(
            decider[day["usage_date"]] is record for day in record["days"]
        ):
            return dict(record)
    return None


def _lines(files: Sequence[Path]) -> Iterator[tuple[Path, ExportLine]]:
    for path in files:
        for line in export_lines(path):
            yield path, line


def _judged(files: Sequence[Path]) -> tuple[list[ControlTotal], Decimal]:
    """The days that the files tell of, and the credits that were billed for them.

    A control total is in USD, and here there are credits: what they cost, the book's rates say.
    """
    seen: set[bytes] = set()
    row_count: Counter[date] = Counter()
    billed: dict[date, Decimal] = {}
    for path, line in _lines(files):
        _must_be_new(seen, path, line)
        day = line.usage_date
        row_count[day] += 1
        if line.view.name == _BILLED:
            amount = Decimal(line.row["CREDITS_BILLED"])
            billed[day] = exact_sum((billed.get(day, Decimal(0)), amount))
    if not billed:
        raise FileRefused(
            file=_shown(files),
            detail=f"there is no row of {_BILLED}, so no day that they tell of in full",
            remedy="Export that view, too, and name all files in one command.",
        )
    days = [ControlTotal(day, Decimal(0), row_count[day]) for day in billed]
    return days, exact_sum(billed.values())


def _must_be_new(seen: set[bytes], path: Path, line: ExportLine) -> None:
    """Two exports that overlap would count what both hold twice."""
    key = hashlib.blake2b(canonical_json(line.key).encode(), digest_size=16).digest()
    if key in seen:
        raise FileRefused(
            file=str(path),
            row=line.number,
            detail=f"this row of {line.view.name} has been read before ({', '.join(line.key[1:])})",
            remedy="Hand in exports that do not overlap, of one account.",
        )
    seen.add(key)


def _shown(files: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in files)
