"""What is not billed and why, what it may be worth, and what another catalog would bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from meterbook.book import Book
from meterbook.delivery import closing_records
from meterbook.ports import ObjectStore, Row

Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason, and of the events that are priced one currency.

    `amount` is what they would cost at list price; None, in no currency, where no price is known.
    """

    reason: str
    event_count: int
    line_count: int
    amount: Decimal | None
    currency: str


def refused(book: Book) -> list[Refused]:
    """What is refused, by reason and currency; an event's money is counted once."""
    found: dict[tuple[str, str], Refused] = {}
    for row in book.query("rejects_by_reason"):
        key = str(row["reason"]), str(row["currency"])
        one = found.get(key, Refused(key[0], 0, 0, None, key[1]))
        found[key] = Refused(
            one.reason,
            one.event_count + int(str(row["event_count"])),
            one.line_count + int(str(row["line_count"])),
            _sum(one.amount, row),
            one.currency,
        )
    return list(found.values())


def _sum(amount: Decimal | None, row: Row) -> Decimal | None:
    if not row["currency"]:
        return amount
    with localcontext(prec=120):  # wide enough for every factor in full
        quantity, factor, price = (
            Decimal(str(row[name])) for name in ("quantity", "factor", "unit_price")
        )
        return (amount or Decimal()) + quantity * factor * price / Decimal(str(row["unit_size"]))


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A refused line as a person finds it: `row` is the line of the file that was handed in.

    Of an event that brought its own id, `row` is the row and the place in it of the landed file.
    """

    reason: str
    file: str
    row: str
    tenant_id: str
    metric: str
    event_id: str
    time_text: str
    quantity_text: str
    unit: str


def refused_lines(book: Book) -> list[RefusedLine]:
    """Every refused line, by reason and place."""
    origins = _origins(book.landing)
    return [_line(row, origins) for row in book.query("rejects_listed")]


def _line(row: Row, origins: Mapping[str, tuple[str, str]]) -> RefusedLine:
    landed, event_id = str(row["file_name"]), str(row["event_id"])
    name, identity = origins.get(landed, (landed, ""))
    line = line_of(event_id, identity) or f"{row['file_row']}.{row['ordinal']}"
    texts = {
        field: str(row[field] or "")
        for field in ("reason", "tenant_id", "metric", "time_text", "quantity_text", "unit")
    }
    return RefusedLine(file=name, row=line, event_id=event_id, **texts)


def _origins(landing: ObjectStore) -> dict[str, tuple[str, str]]:
    """Name and identity of the file that each landed file was imported from."""
    found = {}
    for record in closing_records(landing, "usage"):
        files: Any = record["files"]
        origin: Any = record["origin"]
        for file in files if "identity" in origin else ():
            found[str(file["file_name"])] = str(origin["name"]), str(origin["identity"])
    return found


def line_of(event_id: str, identity: str) -> str:
    """The line that an imported event has in its id, or nothing if its id is its own."""
    begins, _, rest = event_id.partition(":")
    return rest.partition(":")[0] if identity and begins == identity else ""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a book refuses, line by line, and what it bills instead."""

    lines: Mapping[Place, Row]
    used: Mapping[tuple[date, str, str], Decimal]


def verdicts(book: Book) -> Verdicts:
    """Read what a book says now, to be compared with another one of the same usage."""
    lines = {_place(row): row for row in book.query("rejects_listed")}
    used: dict[Any, Decimal] = {
        (row["period_start"], row["tenant_id"], row["metric"]): Decimal(str(row["quantity"]))
        for row in book.query("usage_by_period")
    }
    return Verdicts(lines, used)


def _place(row: Row) -> Place:
    return str(row["file_name"]), int(str(row["file_row"])), int(str(row["ordinal"]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of lines under another catalog: a reason, and what is said of them then.

    `then` is `passes`, or the reason for which they are refused; `now` is `passes` for lines that
    count today.
    """

    now: str
    then: str
    event_count: int
    line_count: int


PASSES = "passes"


def outcomes(now: Verdicts, then: Verdicts) -> list[Outcome]:
    """Every refused line of both books, counted by what becomes of it; what stays is left out."""
    moved: dict[tuple[str, str], list[Row]] = {}
    for place in now.lines.keys() | then.lines.keys():
        before, after = now.lines.get(place), then.lines.get(place)
        change = _reason(before), _reason(after)
        if change[0] != change[1]:
            moved.setdefault(change, []).append(before or after or {})
    return [Outcome(*change, _events(rows), len(rows)) for change, rows in sorted(moved.items())]


def _reason(row: Row | None) -> str:
    return str(row["reason"]) if row else PASSES


def _events(rows: Iterable[Row]) -> int:
    """How many events the lines are of; one without an id is an event of its own."""
    keys = {(row["tenant_id"], row["source"], row["event_id"] or _place(row)) for row in rows}
    return len(keys)


@dataclass(frozen=True, slots=True)
class Billed:
    """A month's quantity of a metric, as it is billed now and as it would be then."""

    period_start: date
    tenant_id: str
    metric: str
    now: Decimal
    then: Decimal


def billed(now: Verdicts, then: Verdicts) -> list[Billed]:
    """The quantities that differ, which is what comes back: each event counted once."""
    keys = sorted(now.used.keys() | then.used.keys())
    pairs = ((key, now.used.get(key, Decimal()), then.used.get(key, Decimal())) for key in keys)
    return [Billed(*key, old, new) for key, old, new in pairs if old != new]
