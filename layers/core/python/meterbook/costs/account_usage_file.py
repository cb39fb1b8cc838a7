"""An export of a view of Snowflake's ACCOUNT_USAGE, read line by line and judged.

Which view it is, its columns tell. What is landed is text: times in UTC, credits without a power of
ten, and only the columns that the book asks for. What a query said is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, DecimalException
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from meterbook.costs.cur_line import EXACT
from meterbook.errors import FileRefused
from meterbook.textfile import CsvShape, as_text, csv_records, places_of, read_lines, without_bom

FINEST = Decimal("1E-10")
CREDITS_BELOW = Decimal("1E9")
_NULLS = ("", r"\N")
_NUMBER = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_MILLISECONDS = re.compile(r"[0-9]{1,10}")  # no query runs for 115 days
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?0* ?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)


class _WrongError(ValueError):
    """What is wrong with a text, and the remedy."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.remedy = remedy


Reader = Callable[[str], str]


def _text(text: str) -> str:
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _WrongError("which is no day", "Export days like 2026-10-31.") from None


def _time(text: str) -> str:
    """The moment in UTC, in milliseconds where they tell all."""
    match = _TIME.fullmatch(text)
    try:
        written = f"{match[1]}T{match[2]}{match[3] or ''}{match[4]}" if match else ""
        moment = datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _WrongError(
            "which is no time with its offset from UTC",
            "Say `alter session set timezone = 'UTC', timestamp_ltz_output_format = "
            "'YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM'` and export again.",
        ) from None
    finest = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=finest) + "Z"


def _credits(text: str) -> str:
    """Credits in full, below zero where something is given back."""
    if not _NUMBER.fullmatch(text) or abs(Decimal(text)) >= CREDITS_BELOW:
        raise _WrongError("which is no number of credits", "Export credits like 1.25 or 0.0000001.")
    try:
        Decimal(text).quantize(FINEST, context=EXACT)
    except DecimalException:
        raise _WrongError(
            "which has more than 10 decimals", "Nothing is rounded on the way in: export the view."
        ) from None
    return f"{Decimal(text):f}"


def _used(text: str) -> str:
    """Credits that were used, which cannot be below zero."""
    if Decimal(used := _credits(text)) < 0:
        raise _WrongError("which is below zero", "Look whether the column is what it says.")
    return used


def _milliseconds(text: str) -> str:
    if not _MILLISECONDS.fullmatch(text):
        raise _WrongError("which is no whole number of milliseconds", "Export them like 1250.")
    return text


@dataclass(frozen=True, slots=True)
class View:
    """A view: what knows it from the others, what its columns mean, and what makes a row itself.

    Cells of `needed` columns cannot be NULL; columns of `at_most` may be absent.
    """

    name: str
    known_by: frozenset[str]
    day: str
    key: tuple[str, ...]
    needed: frozenset[str]
    columns: Mapping[str, Reader]
    at_most: frozenset[str] = frozenset()


VIEWS = (
    View(
        name="METERING_DAILY_HISTORY",
        known_by=frozenset(("USAGE_DATE", "SERVICE_TYPE")),
        day="USAGE_DATE",
        key=("USAGE_DATE", "SERVICE_TYPE"),
        needed=frozenset(("USAGE_DATE", "SERVICE_TYPE", "CREDITS_BILLED")),
        columns={
            "USAGE_DATE": _day,
            "SERVICE_TYPE": _text,
            "CREDITS_USED_COMPUTE": _used,
            "CREDITS_USED_CLOUD_SERVICES": _used,
            "CREDITS_USED": _used,
            "CREDITS_ADJUSTMENT_CLOUD_SERVICES": _credits,
            "CREDITS_BILLED": _credits,
        },
        at_most=frozenset(("CREDITS_USED",)),
    ),
    View(
        name="QUERY_HISTORY",
        known_by=frozenset(("QUERY_ID", "EXECUTION_TIME")),
        day="START_TIME",
        key=("QUERY_ID",),
        needed=frozenset(("QUERY_ID", "START_TIME", "END_TIME", "EXECUTION_TIME")),
        columns={
            "QUERY_ID": _text,
            "WAREHOUSE_NAME": _text,
            "START_TIME": _time,
            "END_TIME": _time,
            "EXECUTION_TIME": _milliseconds,
            "QUERY_TAG": _text,
            "ROLE_NAME": _text,
            "USER_NAME": _text,
        },
    ),
    View(
        name="WAREHOUSE_METERING_HISTORY",
        known_by=frozenset(("WAREHOUSE_NAME", "CREDITS_USED_COMPUTE")),
        day="START_TIME",
        key=("START_TIME", "WAREHOUSE_NAME", "WAREHOUSE_ID"),
        needed=frozenset(("START_TIME", "END_TIME", "WAREHOUSE_NAME", "CREDITS_USED_COMPUTE")),
        columns={
            "START_TIME": _time,
            "END_TIME": _time,
            "WAREHOUSE_NAME": _text,
            "WAREHOUSE_ID": _text,
            "CREDITS_USED_COMPUTE": _used,
            "CREDITS_USED_CLOUD_SERVICES": _used,
            "CREDITS_ATTRIBUTED_COMPUTE_QUERIES": _used,
        },
        at_most=frozenset(("WAREHOUSE_ID", "CREDITS_ATTRIBUTED_COMPUTE_QUERIES")),
    ),
)


class ExportLine(NamedTuple):
    """One line of an export: the view it is of, and the row that is landed."""

    number: int
    view: View
    row: dict[str, str]

    @property
    def usage_date(self) -> date:
        """The day in UTC that the row belongs to."""
        return date.fromisoformat(self.row["usage_date"])

    @property
    def key(self) -> tuple[str, ...]:
        """What no other row of the view has."""
        return (self.view.name, *(self.row.get(column, "") for column in self.view.key))


def export_lines(path: Path) -> Iterator[ExportLine]:
    """Read and judge every line. Errors: `FileRefused` with line, column, value and remedy."""
    text = without_bom(as_text(line) for line in read_lines(path))
    records = csv_records(text, CsvShape(), path)
    header = [name.upper() for record in islice(records, 1) for name in record.fields or []]
    view = _view_of(header, path)
    wanted = [column for column in view.columns if column not in view.at_most]
    places = places_of(wanted, header, path, view.at_most)
    for record in records:
        if record.fields == []:
            continue
        if record.fields is None or len(record.fields) != len(header):
            raise FileRefused(
                file=str(path),
                row=record.first_line,
                detail=f"the line is no CSV with one field for each of {len(header)} columns",
            )
        row = _row(view, places, record.fields, path, record.first_line)
        yield ExportLine(record.first_line, view, row)


def _view_of(header: Sequence[str], path: Path) -> View:
    for view in VIEWS:
        if view.known_by <= {*header}:
            return view
    known = ", ".join(view.name for view in VIEWS)
    raise FileRefused(
        file=str(path),
        row=1,
        detail="its columns are those of no view that the book reads",
        remedy=f"Export {known} of SNOWFLAKE.ACCOUNT_USAGE as CSV with a header line.",
    )


def _row(
    view: View, places: Mapping[str, int], fields: Sequence[str], path: Path, number: int
) -> dict[str, str]:
    row = {"view": view.name}
    for column, place in places.items():
        text = "" if fields[place] in _NULLS else fields[place]
        try:
            if text:
                row[column] = view.columns[column](text)
            elif column in view.needed:
                raise _WrongError("which cannot be", "Export the view as it is.")
        except _WrongError as wrong:
            shown = f"is {text[:80]!r}" if text else "is empty or NULL"
            detail = f"{column} {shown}, {wrong}"
            raise FileRefused(
                file=str(path), row=number, detail=detail, remedy=wrong.remedy
            ) from None
    row["usage_date"] = row[view.day][:10]
    return row
