"""A bill comes in from files: cost and usage reports and FOCUS, as text of any layout or Parquet.

All files of one command form one delivery. They are read once, and every line is judged; if all is
well and no day is covered already, what was read is landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path

from meterbook.book import Book
from meterbook.costs.coverage import Landed, deciding, landed_of, landed_usd
from meterbook.costs.mapping import CurMapping, read_cur_mapping
from meterbook.costs.offer import Offer, read_offer, shown
from meterbook.delivery import Delivery, close_delivery, land_packed
from meterbook.errors import DeliveryOverlaps, Refused
from meterbook.ports import ObjectStore

__all__ = ["CurIngested", "Overlap", "ingest_cur", "land_cur", "read_cur_mapping"]


class Overlap(Enum):
    """What a person says about days that are already covered for the payer and the export."""

    REFUSE = "refuse"
    ADD = "adds"
    REPLACE = "replaces"


@dataclass(frozen=True, slots=True)
class CurIngested:
    """The delivery that holds the files, landed now or, if `unchanged`, before.

    `left_out` is how many rows of the files the mapping's `where` did not take.
    """

    delivery_id: str
    rows: int
    control_usd: Decimal
    unchanged: bool
    left_out: int = 0


def ingest_cur(
    book: Book, files: Sequence[Path], mapping: CurMapping, *, overlap: Overlap = Overlap.REFUSE
) -> CurIngested:
    """Land the files as one delivery and bring the book up to date.

    Errors: `FileRefused` naming line, column and value; `DeliveryOverlaps` with both totals.
    """
    ingested = land_cur(book.landing, book.clock.now(), files, mapping, overlap)
    book.update()
    return ingested


def land_cur(
    landing: ObjectStore,
    now: datetime,
    files: Sequence[Path],
    mapping: CurMapping,
    overlap: Overlap = Overlap.REFUSE,
) -> CurIngested:
    """The same without a book: judge all files, settle the overlap, then land them."""
    offer = read_offer(files, mapping)
    landed = landed_of(landing, offer.family, stream=mapping.stream)
    if same := _same(landed, offer, overlap):
        return CurIngested(same.delivery_id, same.row_count, same.control_usd, True, offer.left_out)
    covered = [day for day in sorted(offer.days) if deciding(landed, day)]
    if covered and overlap is Overlap.REFUSE:
        raise DeliveryOverlaps(
            file=shown(files),
            called=mapping.called("payer"),
            payer=offer.payer,
            export=offer.export,
            days=_spans(covered),
            landed_usd=f"{landed_usd(landed, covered):f}",
            offered_usd=f"{offer.usd(covered):f}",
        )
    return _land(landing, _ordered_at(landed, now), offer, files, mapping, overlap)


def _same(landed: Sequence[Landed], offer: Offer, overlap: Overlap) -> Landed | None:
    """The delivery that already gives the book what these files would give it, if there is one.

    It has the same content and still decides each of its days; where the files are to replace
    whatever is there, it must do so alone.
    """
    for delivery in landed:
        if delivery.content_sha256 == offer.content_sha256:
            deciders = [deciding(landed, day) for day in delivery.days]
            alone = overlap is not Overlap.REPLACE or all(len(part) == 1 for part in deciders)
            if alone and all(delivery in part for part in deciders):
                return delivery
    return None


def _land(
    landing: ObjectStore,
    ordered_at: datetime,
    offer: Offer,
    files: Sequence[Path],
    mapping: CurMapping,
    overlap: Overlap,
) -> CurIngested:
    place = f"{ordered_at:%Y%m%dT%H%M%S%f}.{offer.content_sha256[:12]}"
    delivery_id = f"{offer.payer}.{offer.export}.{place}"
    landed_files = land_packed(landing, mapping.stream, delivery_id, offer.packed)
    delivery = Delivery(
        delivery_id=delivery_id,
        stream=mapping.stream,
        family=offer.family,
        scope=f"{offer.family}:{place}" if overlap is Overlap.ADD else offer.family,
        ordered_at=ordered_at,
        files=landed_files,
        days=list(offer.days.values()),
        payer=offer.payer,
        replaces=overlap is Overlap.REPLACE,
        origin={
            "content_sha256": offer.content_sha256,
            "export": offer.export,
            "files": [path.name for path in files],
            "left_out_rows": offer.left_out,
            "mapping_sha256": mapping.sha256,
        },
    )
    if not close_delivery(landing, delivery):
        raise Refused(detail=f"{shown(files)} was imported by another command meanwhile.")
    rows = sum(file.row_count for file in landed_files)
    return CurIngested(delivery_id, rows, offer.usd(offer.days), False, offer.left_out)


def _ordered_at(landed: Sequence[Landed], now: datetime) -> datetime:
    """Now, unless the family is ahead of the clock: a later import always comes later in order."""
    if not landed:
        return now
    return max(now, landed[-1].ordered_at + timedelta(microseconds=1))


def _spans(days: Sequence[date]) -> str:
    """Days as people write them: `2026-10-01 to 2026-10-30, 2026-11-02`."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in spans)
