"""The lines of a cost and usage report, read once, as a stream, under a mapping."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from meterbook.canonical import short
from meterbook.costs.cur_line import DECIMALS, EXACT, Fault, fault_in
from meterbook.costs.cur_reading import Reading, iso_day, row_of
from meterbook.costs.mapping import CurMapping
from meterbook.delivery import ControlTotal
from meterbook.errors import FileRefused
from meterbook.parquetfile import ParquetFile, is_parquet
from meterbook.textfile import CsvRecord, as_text, csv_records, read_lines

Record = tuple[int, Sequence[str]]


class CurFile:
    """A report under its mapping. What it says as a whole is known once its rows were read."""

    def __init__(self, path: Path, mapping: CurMapping, payer: str = "") -> None:
        self.path = path
        self.payer = payer
        self.sha256 = ""
        self.left_out = 0
        self._mapping = mapping
        self._decimals = DECIMALS
        self._usd: dict[str, Decimal] = {}
        self._amortized_usd: dict[str, Decimal] = {}
        self._counts: Counter[str] = Counter()

    @property
    def days(self) -> list[ControlTotal]:
        """What it says that each day cost, summed from its texts."""
        return [
            ControlTotal(
                usage_date=date.fromisoformat(day),
                control_usd=Decimal(short(usd)),
                row_count=self._counts[day],
                amortized_usd=self._amortized(day),
            )
            for day, usd in self._usd.items()
        ]

    def rows(self) -> Iterator[str]:
        """Judge every line and give it as a row. Errors: `FileRefused` with line and column."""
        header, records = self.records()
        reading = Reading(self._mapping, header, self.path)
        for line, fields in records:
            if reading.takes(fields):
                said = self._judged(reading, line, fields)
                self._count(said)
                yield row_of(said, line)
            else:
                self.left_out += 1

    def records(self) -> tuple[Sequence[str], Iterator[Record]]:
        """The columns that it has, and its records with the line on which each begins."""
        return self._parquet() if is_parquet(self.path) else self._text()

    def _text(self) -> tuple[Sequence[str], Iterator[Record]]:
        shape = self._mapping.shape
        records = csv_records(self._lines(), shape, self.path)
        header = shape.columns or (next(records).fields or [])
        return header, self._whole(records, len(header))

    def _lines(self) -> Iterator[str]:
        seen, mark = hashlib.sha256(), "\ufeff"
        for line in read_lines(self.path):
            seen.update(line)
            yield as_text(line).removeprefix(mark)
            mark = ""
        self.sha256 = seen.hexdigest()

    def _whole(self, records: Iterator[CsvRecord], width: int) -> Iterator[Record]:
        """Each record that is no blank line; one without its columns is refused."""
        for line, _, fields, _ in records:
            if fields is not None and len(fields) == width:
                yield line, fields
            elif fields != []:
                found = "no CSV" if fields is None else f"{len(fields)} fields where {width} belong"
                raise FileRefused(
                    file=str(self.path),
                    row=line,
                    detail=f"the line has {found}",
                    remedy="Mend it, or see if the mapping's `delimiter` and `quote` are right.",
                )

    def _parquet(self) -> tuple[Sequence[str], Iterator[Record]]:
        """A row is a line, numbered from 1; columns that the mapping does not name are not read."""
        file, cost = ParquetFile(self.path), self._mapping.terms["cost"].column
        columns = [column for column in self._mapping.columns if column in file.types]
        if file.types.get(cost) in ("DOUBLE", "FLOAT"):
            self._decimals = self._mapping.decimals
        self.sha256 = file.sha256()
        return columns, enumerate(file.texts(columns), 1)

    def _judged(self, reading: Reading, line: int, fields: Sequence[str]) -> dict[str, str]:
        try:
            said = reading.said(fields)
        except ValueError as error:
            raise FileRefused(
                file=str(self.path),
                row=line,
                detail=f"{str(error)[:80]!r} is no JSON object, so nothing stands under its keys",
                remedy="Map the tag to the column itself, or export the column as JSON.",
            ) from None
        if self._mapping.amortized:
            amortized = reading.amortized(fields, said["cost"])
            if isinstance(amortized, Fault):
                raise self._refused(line, amortized, self._mapping.amortized[amortized.field])
            said["amortized_cost"] = amortized
        if fault := fault_in(said, self._decimals):
            text, detail = said[fault.field], fault.detail
            shown = f"is {text[:80]!r}" if text else "is empty or NULL"
            column = self._column(fault.field)
            raise self._refused(line, fault._replace(detail=f"{shown}, {detail}"), column)
        said["usage_date"] = iso_day(said["usage_date"])
        self.payer = self._one_payer(line, said["payer"])
        return said

    def _column(self, name: str) -> str:
        """Where a field comes from; an amortized cost that is told by rule, from the line type."""
        term = self._mapping.terms.get(name)
        return term.column if term else self._mapping.amortized["line_type"]

    def _one_payer(self, line: int, payer: str) -> str:
        if self.payer not in ("", payer):
            called = self._mapping.called("payer")
            raise FileRefused(
                file=str(self.path),
                row=line,
                detail=f"the {called} is {payer!r}, before it was {self.payer!r}",
                remedy=f"One delivery is the bill of one {called}: import each by itself.",
            )
        return payer

    def _count(self, said: Mapping[str, str]) -> None:
        day = said["usage_date"]
        self._counts[day] += 1
        self._usd[day] = EXACT.add(self._usd.get(day, 0), Decimal(said["cost"]))
        if "amortized_cost" in said:
            before = self._amortized_usd.get(day, 0)
            self._amortized_usd[day] = EXACT.add(before, Decimal(said["amortized_cost"]))

    def _amortized(self, day: str) -> Decimal | None:
        return Decimal(short(self._amortized_usd[day])) if self._amortized_usd else None

    def _refused(self, line: int, fault: Fault, column: str) -> FileRefused:
        called = self._mapping.called(fault.field)
        return FileRefused(
            file=str(self.path),
            row=line,
            detail=f"the {called} in column {column or '(of the mapping)'} {fault.detail}",
            remedy=fault.remedy,
        )
