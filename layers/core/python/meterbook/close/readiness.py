"""Is a month ready to be frozen? Every point that speaks against it, and who let which one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC

from meterbook.book import Book
from meterbook.close.late import billed_by_other_terms, given_back_too_much
from meterbook.close.master_data import master_data_problems
from meterbook.close.snapshot import Catalog, Fields
from meterbook.money import minor_digits
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.watch.watch_usage_gaps import SETTLED

# What is mended or accepted where it arose; nobody decides at the gate that a sum is right.
NEVER_WAIVED = frozenset({"conservation", "delivery_suspicious"})
FIRST, LAST = "", "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One point of the gate: how much there is of it, and who has let it pass, if anybody."""

    blocker: str
    period: Period
    measure: int
    what: str
    decided_by: str = ""
    reason: str = ""

    @property
    def subject(self) -> str:
        """What a decision is about: this point as it stands, so more of it is another point."""
        return f"{self.period}.{self.blocker}.{self.measure}"

    @property
    def is_open(self) -> bool:
        """Whether it still keeps the month from being closed."""
        return self.measure > 0 and not self.decided_by

    def __str__(self) -> str:
        return f"{self.measure} {self.what}"


@dataclass(frozen=True, slots=True)
class Parked:
    """A tenant whose faults keep its account open; `account_id` is "" when nobody pays for it."""

    account_id: str
    tenant_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far a month is from being closed."""

    period: Period
    points: Sequence[Blocker]
    open_accounts: Sequence[str]
    closed_accounts: Sequence[str]
    parked: Sequence[Parked]

    @property
    def blockers(self) -> list[Blocker]:
        """The points that nobody has let pass."""
        return [point for point in self.points if point.is_open]


def readiness(book: Book, period: Period) -> Readiness:
    """Read from the book, as it stands, what closing this month would do and what is in its way."""
    start = {"period_start": period.start}
    closed = sorted(str(row["account_id"]) for row in book.query("close_closed", **start))
    before = set(closed)
    rows = book.query("close_accounts", period_start=period.start)
    billed = {str(row["account_id"]) for row in rows}
    parked = [found for found in _parked(book, period, billed) if found.account_id not in before]
    held_back = before | {found.account_id for found in parked}
    still_open = sorted(billed - held_back)
    return Readiness(period, _points(book, period), still_open, closed, parked)


def blockers(book: Book, period: Period) -> list[Blocker]:
    """The points of the gate of which there is something, decided or not."""
    return [point for point in _points(book, period) if point.measure]


def _points(book: Book, period: Period) -> list[Blocker]:
    settled = (book.clock.now() - SETTLED).astimezone(UTC).replace(tzinfo=None)
    rows = book.query(
        "close_blockers",
        period_start=period.start,
        period_end=period.end,
        settled_before=settled,
    )
    decided = {str(row["subject"]): row for row in decisions(book, period)}
    return [_point(row, period, decided) for row in rows]


def decisions(book: Book, period: Period) -> list[Row]:
    """What people have decided about closing a month."""
    return book.query("close_decisions", period=str(period))


def _point(row: Row, period: Period, decided: dict[str, Row]) -> Blocker:
    point = Blocker(str(row["blocker"]), period, int(str(row["measure"])), str(row["what"]))
    found = decided.get(point.subject)
    if found is None or point.blocker in NEVER_WAIVED:
        return point
    return Blocker(
        point.blocker,
        period,
        point.measure,
        point.what,
        str(found["actor"]),
        str(found["reason"]),
    )


def _parked(book: Book, period: Period, billed: Set[str]) -> list[Parked]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in book.query("close_faults", period_start=period.start):
        place = str(row["account_id"]), str(row["tenant_id"])
        reasons[place].append(f"{row['reason']}: {row['detail']}")
    for account_id, problems in _account_problems(book, period, billed).items():
        reasons[account_id, ""] += problems
    return [Parked(account, tenant, tuple(found)) for (account, tenant), found in reasons.items()]


def _account_problems(book: Book, period: Period, billed: Set[str]) -> dict[str, list[str]]:
    """What keeps an account as such: more to give back than there is, no writable document."""
    found: dict[str, list[str]] = defaultdict(list)
    late = book.query(
        "close_late", period_start=period.start, first_account=FIRST, last_account=LAST
    )
    catalog = Catalog.of(book.query("close_documents"))
    for account_id, rows in by_account(late).items():
        now = catalog.one("account", account_id)["document"]
        found[account_id] += given_back_too_much(rows)
        found[account_id] += billed_by_other_terms(rows, now["seller"], now["currency"])
    for account_id in sorted(billed):
        found[account_id] += _unwritable(catalog, account_id, period)
    return {account_id: told for account_id, told in found.items() if told}


def by_account(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    """The rows of each account, in the order in which they came."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["account_id"])].append(row)
    return found


def _unwritable(catalog: Catalog, account_id: str, period: Period) -> list[str]:
    """What seller and account lack; what single lines lack is seen when they are frozen."""
    account = catalog.one("account", account_id)
    body = {
        "account": account,
        "seller": catalog.one("seller", account["document"]["seller"]),
        "period": str(period),
        "minor_digits": str(minor_digits(account["document"]["currency"])),
        "lines": [],
        "metrics": [],
        "modules": [],
    }
    return master_data_faults(body)


def master_data_faults(body: Fields) -> list[str]:
    """Why no document can be written from a frozen body, as reasons to park its account."""
    return [f"master_data: {told}" for told in master_data_problems(body)]
