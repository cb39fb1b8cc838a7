"""How the book stands: what came in, what is missing an owner, how far each month has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from meterbook.book import Book
from meterbook.canonical import short
from meterbook.close.readiness import blockers
from meterbook.delivery import closing_records
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.summary import Conserved, conserved, rejects_by_reason, whole
from meterbook.watch.watch_usage_gaps import SETTLED


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account in one month: open, ready, parked, closed (waits), approved, or issued."""

    period: Period
    account_id: str
    state: str
    total: str
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """What `meterbook status` shows; spans of days are both days included.

    `conservation` has a line for '', all sources together, and one each where there are several.
    """

    as_of: datetime
    deliveries: Mapping[str, int]
    usage_days: str
    cost_days: str
    rejects: Mapping[str, int]
    usage_gaps: str
    unattributed: str
    suspicious: str
    conservation: Mapping[str, str]
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
        usage_gaps=_usage_gaps(book),
        unattributed=_unattributed(book.query("summary_unattributed")[0]),
        suspicious=_suspicious(book),
        conservation=_conservation(conserved(book)),
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


def _usage_gaps(book: Book) -> str:
    """What producers have recorded and what is no longer on its way."""
    settled = (book.clock.now() - SETTLED).astimezone(UTC).replace(tzinfo=None)
    gaps = book.query("watch_usage_gaps", settled_before=settled)
    missing = sum(int(str(gap["event_count"])) for gap in gaps)
    return f"{missing} event(s) missing in {len(gaps)} gap(s)" if gaps else "none"


def _suspicious(book: Book) -> str:
    """The deliveries of which days wait to be accepted."""
    days: dict[str, list[object]] = {}
    for row in book.query("suspicious_days"):
        if row["is_waiting"]:
            days.setdefault(str(row["delivery_id"]), []).append(row["usage_date"])
    told = (f"{len(of)} day(s) of {one}, {of[0]} to {of[-1]}" for one, of in days.items())
    return "; ".join(told) or "none"


def _conservation(sources: Mapping[str, Conserved]) -> dict[str, str]:
    each = {
        source: f"{costs} · split {short(costs.split)}"
        for source, costs in sources.items()
        if len(sources) > 1
    }
    return {"": str(whole(sources)), **each}


def _accounts(book: Book) -> list[AccountState]:
    faults: dict[tuple[object, object], list[str]] = {}
    for row in book.query("status_faults"):
        reasons = faults.setdefault((row["period_start"], row["account_id"]), [])
        reasons.append(f"{row['tenant_id']}: {row['detail']}")
    rows = book.query("status_periods")
    waiting = _waiting(book, {_period(row) for row in rows if row["state"] == "open"})
    return [
        _state(row, faults.get((row["period_start"], row["account_id"]), []), waiting)
        for row in rows
    ]


def _waiting(book: Book, periods: Iterable[Period]) -> dict[Period, list[str]]:
    """What each month that is over and not closed waits for."""
    now = book.clock.now()
    return {
        period: [str(point) for point in blockers(book, period) if point.is_open]
        for period in sorted(periods)
        if period.is_over(now)
    }


def _period(row: Row) -> Period:
    start = row["period_start"]
    if not isinstance(start, date):
        raise TypeError("period_start is a date")
    return Period(start)


def _state(
    row: Row, faults: Sequence[str], waiting: Mapping[Period, Sequence[str]]
) -> AccountState:
    period, state = _period(row), str(row["state"])
    if state == "open" and not waiting.get(period, [""]):
        state = "ready"
    details = {
        "issued": str(row["number"]),
        "parked": "; ".join(faults),
        "open": "; ".join(waiting.get(period, [])),
        "closed": "waits for `meterbook approve`: far from the bills before it",
    }
    currency = str(row["currency"])
    total = f"{Money.of(str(row['total']), currency)} {currency}" if currency else ""
    return AccountState(period, str(row["account_id"]), state, total, details.get(state, ""))
