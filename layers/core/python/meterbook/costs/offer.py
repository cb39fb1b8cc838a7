"""What the files of one bill say together: all lines judged, all days added up, nothing landed.

The files are read once. The rows wait packed, as they will be landed, until it is decided that
they are: what is landed is what was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from meterbook.canonical import canonical_json, sha256
from meterbook.costs.coverage import exact_sum
from meterbook.costs.cur_at_once import ReadAtOnce, read_at_once
from meterbook.costs.cur_file import CurFile
from meterbook.costs.cur_line import EXACT
from meterbook.costs.mapping import CurMapping
from meterbook.delivery import ControlTotal, PackedFile, packed
from meterbook.errors import FileRefused

_WORTH_A_DATABASE = 2**16  # bytes; a smaller file is read by the time that DuckDB has started


@dataclass(frozen=True, slots=True)
class Offer:
    """What the files say together, and their rows; `left_out` of them a `where` did not take."""

    payer: str
    export: str
    content_sha256: str
    days: dict[date, ControlTotal]
    left_out: int
    packed: Sequence[PackedFile]

    @property
    def family(self) -> str:
        """What restates as one."""
        return f"{self.payer}:{self.export}"

    def usd(self, days: Iterable[date]) -> Decimal:
        """What these days of it cost."""
        return exact_sum(self.days[day].control_usd for day in days)


def read_offer(files: Sequence[Path], mapping: CurMapping) -> Offer:
    """Read all files to their ends. Errors: `FileRefused` for a line that cannot be taken."""
    done: list[ReadAtOnce | CurFile] = []
    rows = list(packed(_rows(files, mapping, done)))
    days: dict[date, ControlTotal] = {}
    for total in (total for file in done for total in file.days):
        days[total.usage_date] = _plus(days.get(total.usage_date), total)
    return Offer(
        payer=done[-1].payer,
        export=mapping.export,
        content_sha256=_content_sha256(mapping, [file.sha256 for file in done]),
        days=days,
        left_out=sum(file.left_out for file in done),
        packed=rows,
    )


def _rows(
    files: Sequence[Path], mapping: CurMapping, done: list[ReadAtOnce | CurFile]
) -> Iterator[str]:
    """The rows of all files; each is added to `done` when it was read to its end."""
    for path in files:
        file = _opened(path, mapping, done[-1].payer if done else "")
        yield from file.rows()
        if not file.days and not file.left_out:
            raise FileRefused(file=str(path), detail="there is no row of cost in it")
        _refuse_twice(file, done)
        done.append(file)
    if done and not any(file.days for file in done):
        raise FileRefused(
            file=shown(files),
            detail="the mapping's `where` leaves out every row",
            remedy="Compare its values with what the columns hold, letter by letter.",
        )


def _opened(path: Path, mapping: CurMapping, payer: str) -> ReadAtOnce | CurFile:
    """The report as a whole where it can be had so, otherwise line by line: with the same rows."""
    large = path.is_file() and path.stat().st_size >= _WORTH_A_DATABASE
    return (read_at_once(path, mapping, payer) if large else None) or CurFile(path, mapping, payer)


def _refuse_twice(file: ReadAtOnce | CurFile, done: Sequence[ReadAtOnce | CurFile]) -> None:
    for other in done:
        if other.sha256 == file.sha256:
            raise FileRefused(
                file=str(file.path),
                detail=f"it holds the same bytes as {other.path}",
                remedy="Name each file once: every row of a delivery counts.",
            )


def _plus(one: ControlTotal | None, other: ControlTotal) -> ControlTotal:
    if one is None:
        return other
    amortized_usd = None
    if one.amortized_usd is not None and other.amortized_usd is not None:
        amortized_usd = EXACT.add(one.amortized_usd, other.amortized_usd)
    return ControlTotal(
        usage_date=one.usage_date,
        control_usd=EXACT.add(one.control_usd, other.control_usd),
        row_count=one.row_count + other.row_count,
        amortized_usd=amortized_usd,
    )


def _content_sha256(mapping: CurMapping, contents: Iterable[str]) -> str:
    """One hash for the files in any order, and for what the mapping makes of them."""
    return sha256(canonical_json([mapping.sha256, *sorted(contents)]))


def shown(files: Iterable[Path]) -> str:
    """The files as a message names them."""
    return ", ".join(str(path) for path in files)
