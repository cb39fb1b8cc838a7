"""What a metered line counts: days, and the events of each day as they stood at the close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from itertools import accumulate

from meterbook.book import Book
from meterbook.canonical import sha256, short, text_of
from meterbook.close.snapshot import Fields
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.explained import UNTRACED, Later, Part, counted, exactly, number, place_of

CREDITS = "snowflake_credits"
_Day = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Used:
    """What was used, in parts that count it, and what came later."""

    parts: tuple[Part, ...]
    later: tuple[Later, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Metered:
    """A metric of a tenant in a frozen month; `price` is what one unit of it costs."""

    body: Fields
    tenant_id: str
    metric: str
    used: Fraction
    price: Fraction
    closed_at: datetime

    @property
    def document(self) -> Fields:
        """What the catalog said of the metric."""
        found = (one["document"] for one in self.body["metrics"] if one["id"] == self.metric)
        return next(found, {})

    @property
    def unit(self) -> str:
        """What is counted."""
        return str(self.document.get("unit", ""))

    def part(self, what: str, quantity: Fraction, place: str = "") -> Part:
        """Something that was counted, with what it costs."""
        return Part(what, quantity * self.price, quantity, self.unit, place)

    def days(self) -> dict[_Day, Fraction]:
        """The frozen days by day and module."""
        rows = (row for row in self.body["usage"] if self._is_own(row))
        return {(row["usage_date"], row["module_id"]): number(row, "quantity") for row in rows}

    def head(self) -> Fields:
        """The frozen head-count."""
        return next((row for row in self.body["heads"] if self._is_own(row)), {})

    def _is_own(self, row: Fields) -> bool:
        return bool((row["tenant_id"], row["metric"]) == (self.tenant_id, self.metric))


def used(book: Book, of: Metered) -> Used:
    """Take a quantity apart by how its metric counts."""
    how = str(of.document.get("aggregation", "sum"))
    found = _WAYS[how](of, _events(book, of))
    missing = of.used - counted(found.parts)
    if missing and of.metric == CREDITS:
        credits = tuple(_credits(book, of))
        found = Used((*found.parts, *credits), found.later, found.note)
        missing = of.used - counted(found.parts)
    if not missing:
        return found
    return Used((*found.parts, of.part(UNTRACED, missing)), found.later, found.note)


def late_events(book: Book, of: Metered, until: datetime) -> tuple[Later, ...]:
    """The events of a month that came after it was closed, up to a later moment."""
    events = _events(book, of)
    return tuple(_later(of, row) for row in events if _came_after(row, of, until))


def _came_after(row: Row, of: Metered, until: datetime) -> bool:
    came = row["ordered_at"]
    return isinstance(came, datetime) and of.closed_at < came <= until


def _events(book: Book, of: Metered) -> list[Row]:
    """The events of the month; of levels also those before it, which may hold on."""
    period = Period.parse(of.body["period"])
    held = of.document.get("aggregation") == "time_weighted"
    return book.query(
        "explain_events",
        tenant_id=of.tenant_id,
        metric=of.metric,
        first_day=date.min if held else period.start,
        end_day=period.end,
    )


def _of_sums(of: Metered, events: Sequence[Row]) -> Used:
    """Every event counts on its day."""
    by_day: defaultdict[_Day, list[Row]] = defaultdict(list)
    for row in events:
        by_day[_day(row)].append(row)
    days = of.days()
    parts, later = [], []
    for day in sorted(by_day.keys() | days.keys()):
        then, after = _apart(of, by_day[day], days.get(day, Fraction()))
        later += [_later(of, row) for row in after]
        if day in days:
            whole = of.part(_named(day), days[day])
            parts.append(exactly((_event(of, row) for row in then), whole))
    return Used(tuple(parts), tuple(later))


def _apart(of: Metered, rows: Sequence[Row], frozen: Fraction) -> tuple[list[Row], list[Row]]:
    """The events that the close counted, and those that came after it.

    The moment of the close tells them apart; where it does not (a delivery that had begun before
    it, and landed after), the deliveries up to one of them make the frozen quantity.
    """
    in_order = sorted(rows, key=_arrival)
    known = sum(not _is_late(of, row) for row in in_order)
    sums = [Fraction(), *accumulate(number(row, "quantity") for row in in_order)]
    fitting = [
        count
        for count, counted_to_here in enumerate(sums)
        if counted_to_here == frozen and _is_between_files(in_order, count)
    ]
    cut = known if known in fitting or not fitting else fitting[-1]
    cut = len(in_order) if len(in_order) in fitting else cut
    return in_order[:cut], in_order[cut:]


def _arrival(row: Row) -> tuple[str, str]:
    return str(row["ordered_at"] or ""), str(row["file_name"])


def _is_between_files(rows: Sequence[Row], count: int) -> bool:
    within = 0 < count < len(rows)
    return not within or rows[count - 1]["file_name"] != rows[count]["file_name"]


def _of_the_greatest(of: Metered, events: Sequence[Row]) -> Used:
    """One value counts: the greatest of the month, or its last one."""
    days = of.days()
    which = [day for day in sorted(days) if days[day] == of.used]
    if not which:
        return Used(())
    day = which[-1] if of.document.get("aggregation") == "latest" else which[0]
    rows = [row for row in events if _day(row) == day and number(row, "quantity") == of.used]
    whole = of.part(_named(day), of.used)
    note = f"of {len(days)} day(s) with a value, one decides: {_named(day)}"
    later = tuple(_later(of, row) for row in events if _is_late(of, row))
    return Used((exactly((_event(of, row) for row in rows[-1:]), whole),), later, note)


def _of_heads(of: Metered, events: Sequence[Row]) -> Used:
    """Every id counts once, by the first event that names it."""
    known = _firsts(events)
    if sha256("\n".join(sorted(known))) == of.head().get("ids_sha256"):
        then, note = known, "the list of ids is the one whose hash was frozen"
    else:
        then, note = _firsts(row for row in events if not _is_late(of, row)), ""
    parts = (of.part(id_, Fraction(1), _told(row)) for id_, row in sorted(then.items()))
    after = (_later(of, known[id_]) for id_ in sorted(known.keys() - then.keys()))
    return Used(tuple(parts), tuple(after), note)


def _firsts(events: Iterable[Row]) -> dict[str, Row]:
    """The first event of each id that counts."""
    firsts: dict[str, Row] = {}
    for row in sorted(events, key=lambda row: (row["event_time"], row["source"], row["event_id"])):
        if not row["is_withdrawn"] and row["counted_id"]:
            firsts.setdefault(str(row["counted_id"]), row)
    return firsts


def _of_levels(of: Metered, events: Sequence[Row]) -> Used:
    """A level holds from event to event, so days without one count too."""
    levels = [row for row in events if not _is_late(of, row) and not row["is_withdrawn"]]
    parts = [of.part(_named(day), held, _held(levels, day)) for day, held in of.days().items()]
    later = tuple(_later(of, row) for row in events if _is_late(of, row))
    return Used(tuple(parts), later, "a day counts the level held times its share of the month")


def _held(levels: Sequence[Row], day: _Day) -> str:
    """The levels that hold on a day: of each source the last one before it, and its own."""
    own = [row for row in levels if row["module_id"] == day[1] and _day(row)[0] <= day[0]]
    before = {row["source"]: row for row in own if _day(row)[0] < day[0]}
    on_it = [row for row in own if _day(row)[0] == day[0]]
    return "; ".join(
        f"{short(row['quantity'])} since {row['event_time']}" for row in (*before.values(), *on_it)
    )


_WAYS = {
    "sum": _of_sums,
    "max": _of_the_greatest,
    "latest": _of_the_greatest,
    "distinct": _of_heads,
    "time_weighted": _of_levels,
}


def _credits(book: Book, of: Metered) -> Iterator[Part]:
    period = Period.parse(of.body["period"])
    rows: Iterable[Row] = book.query(
        "explain_credits", tenant_id=of.tenant_id, first_day=period.start, end_day=period.end
    )
    for row in rows:
        what = f"{row['usage_date']} {row['warehouse_name']} {row['kind']}".replace("  ", " ")
        yield of.part(what, number(row, "credits"))


def _day(row: Row) -> _Day:
    return text_of(row["usage_date"]), str(row["module_id"])


def _named(day: _Day) -> str:
    return " ".join(part for part in day if part)


def _event(of: Metered, row: Row) -> Part:
    return of.part(f"event {row['event_id']}", number(row, "quantity"), _told(row))


def _told(row: Row) -> str:
    return f"{row['event_time']} {row['source']} ({place_of(row)})"


def _is_late(of: Metered, row: Row) -> bool:
    return isinstance(row["ordered_at"], datetime) and row["ordered_at"] > of.closed_at


def _later(of: Metered, row: Row) -> Later:
    what = f"{_named(_day(row))} event {row['event_id']}"
    return Later(what, number(row, "quantity"), of.unit, _told(row))
