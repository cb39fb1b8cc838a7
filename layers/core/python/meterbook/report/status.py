"""How the book stands: what came in, what is missing an owner, how far each month has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from meterbook.book import Book
from meterbook.canonical import short
from meterbook.delivery import closing_records
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.summary import conservation_line, rejects_by_reason


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account in one month: open, parked (and why), closed, or issued (and its number)."""

    period: Period
    account_id: str
    state: str
    total: str
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """What `meterbook status` shows; spans of days are both days included."""

    as_of: datetime
    deliveries: Mapping[str, int]
    usage_days: str
    cost_days: str
    rejects: Mapping[str, int]
    unattributed: str
    conservation: str
    accounts: Sequence[AccountState]


def book_status(book: Book) -> Status:
    """Read how the book stands now."""
    usage = book.query("summary_usage")
    costs = book.query("summary_conservation")
    streams = Counter(str(record["stream"]) for record in closing_records(book.landing))
    return Status(
        as_of=book.clock.now(),
        deliveries=dict(sorted(streams.items())),
        usage_days=_span(usage),
        cost_days=_span(costs),
        rejects=rejects_by_reason(book),
        unattributed=_unattributed(book.query("summary_unattributed")[0]),
        conservation=conservation_line(book),
        accounts=_accounts(book),
    )


def _span(rows: Sequence[Row]) -> str:
    first = [day for row in rows if isinstance(day := row["first_day"], date)]
    last = [day for row in rows if isinstance(day := row["last_day"], date)]
    return f"{min(first)} to {max(last)}" if first and last else "none"


def _unattributed(judged: Row) -> str:
    """The share over all days, beside the verdict on the single ones."""
    if not judged["day_count"]:
        return "no cost yet"
    low, high = short(judged["lowest_threshold"]), short(judged["highest_threshold"])
    threshold = low if low == high else f"{low} to {high}"
    return (
        f"share {judged['unattributed_share']} of positive charges; {judged['exceeding_day_count']}"
        f" of {judged['settled_day_count']} settled day(s) above the threshold of {threshold}"
    )


def _accounts(book: Book) -> list[AccountState]:
    faults: dict[tuple[object, object], list[str]] = {}
    for row in book.query("status_faults"):
        reasons = faults.setdefault((row["period_start"], row["account_id"]), [])
        reasons.append(f"{row['tenant_id']}: {row['detail']}")
    return [
        _state(row, faults.get((row["period_start"], row["account_id"]), []))
        for row in book.query("status_periods")
    ]


def _state(row: Row, faults: Sequence[str]) -> AccountState:
    state = str(row["state"])
    details = {"issued": str(row["number"]), "parked": "; ".join(faults)}
    currency = str(row["currency"])
    total = f"{Money.of(str(row['total']), currency)} {currency}" if currency else ""
    start = row["period_start"]
    if not isinstance(start, date):
        raise TypeError("period_start is a date")
    return AccountState(Period(start), str(row["account_id"]), state, total, details.get(state, ""))
