"""What the files of one bill say together: all lines judged, all days added up, nothing landed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from meterbook.canonical import canonical_json, sha256
from meterbook.costs.coverage import exact_sum
from meterbook.costs.cur_file import CostLine, CurFile
from meterbook.costs.cur_line import EXACT
from meterbook.costs.mapping import CurMapping
from meterbook.delivery import ControlTotal
from meterbook.errors import FileRefused


@dataclass(frozen=True, slots=True)
class Offer:
    """What the files say together, before any of it is landed."""

    payer: str
    export: str
    content_sha256: str
    days: dict[date, ControlTotal]

    @property
    def family(self) -> str:
        """What restates as one."""
        return f"{self.payer}:{self.export}"

    def usd(self, days: Iterable[date]) -> Decimal:
        """What these days of it cost."""
        return exact_sum(self.days[day].control_usd for day in days)


def read_offer(files: Sequence[Path], mapping: CurMapping) -> Offer:
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
    return Offer(payer, mapping.export, _content_sha256(mapping, contents), days)


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


def offered_rows(files: Sequence[Path], mapping: CurMapping, offer: Offer) -> Iterator[object]:
    """The rows to land, read anew. Errors: `FileRefused` where the files are no longer the same."""
    contents = []
    for path in files:
        file = CurFile(path, mapping)
        yield from (line.row for line in file.lines())
        contents.append(file.sha256)
    if _content_sha256(mapping, contents) != offer.content_sha256:
        raise FileRefused(file=shown(files), detail="the content changed while it was read")


def shown(files: Iterable[Path]) -> str:
    """The files as a message names them."""
    return ", ".join(str(path) for path in files)
