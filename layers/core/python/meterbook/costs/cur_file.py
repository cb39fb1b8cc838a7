"""The lines of a cost and usage report, read as a stream under a mapping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from meterbook.costs.cur_line import Fault, day_of, fault_in
from meterbook.costs.mapping import CurMapping
from meterbook.errors import FileRefused
from meterbook.textfile import CsvRecord, as_text, csv_records, places_of, read_lines, without_bom


class CostLine(NamedTuple):
    """One line of a report: `row` is what is landed, the rest is what a delivery is made of."""

    number: int
    payer: str
    usage_date: date
    cost_usd: Decimal
    row: dict[str, object]


class CurFile:
    """A report under its mapping; its `sha256` is known once its lines were read to the end."""

    def __init__(self, path: Path, mapping: CurMapping) -> None:
        self.path = path
        self.sha256 = ""
        self._mapping = mapping

    def lines(self) -> Iterator[CostLine]:
        """Read and judge every line. Errors: `FileRefused` with line, column, value and remedy."""
        seen = hashlib.sha256()
        text = without_bom(as_text(line) for line in _seen_by(seen, read_lines(self.path)))
        records = csv_records(text, self._mapping.shape, self.path)
        header = list(self._mapping.shape.columns) or (next(records).fields or [])
        places = self._places(header)
        for record in records:
            if record.fields != []:
                yield self._line(record, self._said(record, places, len(header)))
        self.sha256 = seen.hexdigest()

    def _places(self, header: list[str]) -> dict[str, int]:
        """Where each field stands; a tag whose column is absent stands nowhere: it is untagged."""
        mapping = self._mapping
        optional = mapping.columns(tuple(mapping.terms.keys() - set(mapping.present)))
        places = places_of(mapping.columns(mapping.present), header, self.path, optional)
        columns = {field: term.column for field, term in mapping.terms.items()}
        return {field: places[column] for field, column in columns.items() if column in places}

    def _said(self, record: CsvRecord, places: Mapping[str, int], width: int) -> dict[str, str]:
        """What the record says of each field, '' for NULL."""
        fields = record.fields
        if fields is None or len(fields) != width:
            found = "no CSV" if fields is None else f"{len(fields)} fields where {width} belong"
            raise FileRefused(
                file=str(self.path),
                row=record.first_line,
                detail=f"the line has {found}",
                remedy="Mend it, or look whether the mapping's `delimiter` and `quote` are right.",
            )
        said = {field: term.value for field, term in self._mapping.terms.items()}
        for field, place in places.items():
            said[field] = "" if fields[place] == self._mapping.null else fields[place]
        return said

    def _line(self, record: CsvRecord, said: Mapping[str, str]) -> CostLine:
        if fault := fault_in(said):
            raise self._refused(record, fault, said[fault.field])
        usage_date = day_of(said["usage_date"])
        row: dict[str, object] = {field: text for field, text in said.items() if text}
        payer = str(row.pop("payer"))
        row |= {"file": self.path.name, "line": record.first_line}
        row["usage_date"] = usage_date.isoformat()
        return CostLine(record.first_line, payer, usage_date, Decimal(said["cost"]), row)

    def _refused(self, record: CsvRecord, fault: Fault, text: str) -> FileRefused:
        column = self._mapping.terms[fault.field].column or "(of the mapping)"
        shown = f"is {text[:80]!r}" if text else "is empty or NULL"
        return FileRefused(
            file=str(self.path),
            row=record.first_line,
            detail=f"the {fault.field} in column {column} {shown}, {fault.detail}",
            remedy=fault.remedy,
        )


def _seen_by(digest: hashlib._Hash, lines: Iterable[bytes]) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        yield line
