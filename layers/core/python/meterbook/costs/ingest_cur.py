"""A bill comes in from files: cost and usage reports as text, with any delimiter and NULL mark.

All files of one command form one delivery. They are read twice: once to judge every line and to add
up what the source says each day cost, then, if all is well, to be landed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path

from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256
from meterbook.costs.coverage import Landed, deciding, exact_sum, landed_of, landed_usd
from meterbook.costs.cur_file import CostLine, CurFile
from meterbook.costs.cur_line import EXACT
from meterbook.costs.mapping import CurMapping, read_cur_mapping
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook.errors import DeliveryOverlaps, FileRefused, Refused
from meterbook.ports import ObjectStore

__all__ = ["CurIngested", "Overlap", "ingest_cur", "land_cur", "read_cur_mapping"]


class Overlap(Enum):
    """What a person says about days that are already covered for the payer and the export."""

    REFUSE = "refuse"
    ADD = "adds"
    REPLACE = "replaces"


@dataclass(frozen=True, slots=True)
class CurIngested:
    """The delivery that holds the files, landed now or, if `unchanged`, before."""

    delivery_id: str
    rows: int
    control_usd: Decimal
    unchanged: bool


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the files say together, before any of it is landed."""

    payer: str
    export: str
    content_sha256: str
    days: dict[date, ControlTotal]

    @property
    def family(self) -> str:
        return f"{self.payer}:{self.export}"

    def usd(self, days: Sequence[date]) -> Decimal:
        return exact_sum(self.days[day].control_usd for day in days)


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
    offer = _offer(files, mapping)
    landed = landed_of(landing, offer.family)
    if same := _same(landed, offer, overlap):
        return CurIngested(same.delivery_id, same.row_count, same.control_usd, unchanged=True)
    covered = [day for day in sorted(offer.days) if deciding(landed, day)]
    if covered and overlap is Overlap.REFUSE:
        raise DeliveryOverlaps(
            file=_shown(files),
            payer=offer.payer,
            export=offer.export,
            days=_spans(covered),
            landed_usd=f"{landed_usd(landed, covered):f}",
            offered_usd=f"{offer.usd(covered):f}",
        )
    return _land(landing, _ordered_at(landed, now), offer, files, mapping, overlap)


def _offer(files: Sequence[Path], mapping: CurMapping) -> _Offer:
    """Read all files to their ends. Errors: `FileRefused` for a line that cannot be taken."""
    days: dict[date, ControlTotal] = {}
    contents: dict[str, Path] = {}
    payer = ""
    for path in files:
        file, row_count = CurFile(path, mapping), 0
        for line in file.lines():
            payer = _one_payer(payer or line.payer, line, path)
            days[line.usage_date] = _plus(days.get(line.usage_date), line)
            row_count += 1
        if not row_count:
            raise FileRefused(file=str(path), detail="there is no row of cost in it")
        if file.sha256 in contents:
            raise FileRefused(
                file=str(path),
                detail=f"it holds the same bytes as {contents[file.sha256]}",
                remedy="Name each file once: every row of a delivery counts.",
            )
        contents[file.sha256] = path
    return _Offer(payer, mapping.export, _content_sha256(mapping, contents), days)


def _one_payer(payer: str, line: CostLine, path: Path) -> str:
    if line.payer != payer:
        raise FileRefused(
            file=str(path),
            row=line.number,
            detail=f"the payer is {line.payer!r}, before it was {payer!r}",
            remedy="One delivery is the bill of one payer: import each payer by itself.",
        )
    return payer


def _plus(before: ControlTotal | None, line: CostLine) -> ControlTotal:
    total = before or ControlTotal(line.usage_date, Decimal(0), 0)
    control_usd = EXACT.add(total.control_usd, line.cost_usd)
    return ControlTotal(line.usage_date, control_usd, total.row_count + 1)


def _content_sha256(mapping: CurMapping, contents: Iterable[str]) -> str:
    """One hash for the files in any order, and for what the mapping makes of them."""
    return sha256(canonical_json([mapping.sha256, *sorted(contents)]))


def _same(landed: Sequence[Landed], offer: _Offer, overlap: Overlap) -> Landed | None:
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
    offer: _Offer,
    files: Sequence[Path],
    mapping: CurMapping,
    overlap: Overlap,
) -> CurIngested:
    place = f"{ordered_at:%Y%m%dT%H%M%S%f}.{offer.content_sha256[:12]}"
    delivery_id = f"{offer.payer}.{offer.export}.{place}"
    landed_files = land_rows(landing, "cur", delivery_id, _rows(files, mapping, offer))
    delivery = Delivery(
        delivery_id=delivery_id,
        stream="cur",
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
            "mapping_sha256": mapping.sha256,
        },
    )
    if not close_delivery(landing, delivery):
        raise Refused(detail=f"{_shown(files)} was imported by another command meanwhile.")
    rows = sum(file.row_count for file in landed_files)
    return CurIngested(delivery_id, rows, offer.usd(list(offer.days)), unchanged=False)


def _rows(files: Sequence[Path], mapping: CurMapping, offer: _Offer) -> Iterator[object]:
    contents = []
    for path in files:
        file = CurFile(path, mapping)
        yield from (line.row for line in file.lines())
        contents.append(file.sha256)
    if _content_sha256(mapping, contents) != offer.content_sha256:
        raise FileRefused(file=_shown(files), detail="the content changed while it was read")


def _ordered_at(landed: Sequence[Landed], now: datetime) -> datetime:
    """Now, unless the family is ahead of the clock: a later import always comes later in order."""
    if not landed:
        return now
    return max(now, landed[-1].ordered_at + timedelta(microseconds=1))


def _shown(files: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in files)


def _spans(days: Sequence[date]) -> str:
    """Days as people write them: `2026-10-01 to 2026-10-30, 2026-11-02`."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in spans)
