"""Close a month: freeze what each account's bill is made from, or park it with the reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import plain
from meterbook.close.frozen import FrozenPeriod, land_close
from meterbook.close.snapshot import AccountFacts, Catalog, take_snapshot
from meterbook.errors import BookInconsistent, NothingToClose, PeriodNotOver
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import Announcement, EventBus, ObjectStore, Row

DETAIL_TYPE = "billing_period_closed"
# So many accounts are asked for at once: few queries, and a close of many holds few in memory.
ACCOUNTS_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Closed:
    """An account whose period this run has frozen."""

    account_id: str
    currency: str
    total: str
    snapshot_sha256: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A tenant whose faults keep its account open; `account_id` is "" when nobody pays for it."""

    account_id: str
    tenant_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeriodClosed:
    """What a close did: frozen now, parked with reasons, frozen before (or by another run)."""

    closed: list[Closed]
    parked: list[Parked]
    already_closed: list[str]


def close_period(
    book: Book,
    bus: EventBus,
    announced: ObjectStore,
    event_source: str,
    period: Period,
    *,
    allow_open: bool = False,
) -> PeriodClosed:
    """Freeze every account of the period that has no fault and is not closed yet.

    Each close is its own claim, so a run that was cut short, or a second one beside it, leaves
    nothing half done: saying it again goes on. Errors: `PeriodNotOver` unless `allow_open`,
    `BookInconsistent` when a day's cost does not sum to its source or a check is red,
    `NothingToClose`.
    """
    now = book.clock.now()
    if not allow_open and not period.is_over(now):
        raise PeriodNotOver(period=period, end=period.end, now=f"{now:%Y-%m-%d %H:%M} UTC")
    book.update()
    before = {str(row["account_id"]) for row in book.query("close_closed", **_start(period))}
    parked = [found for found in _parked(book, period) if found.account_id not in before]
    open_accounts = _open_accounts(book, period, before, parked)
    if not (before or parked or open_accounts):
        raise NothingToClose(period=period)
    if open_accounts:
        _must_be_conserved(book, period)
        book.must_hold(apart_from={"cost_is_conserved"})  # a red day stops its own month alone
    frozen = list(_freeze(book, period, open_accounts))
    book.update()
    _announce(book, bus, announced, event_source, period)
    closed = [made for made, is_mine in frozen if is_mine]
    others = {made.account_id for made, is_mine in frozen if not is_mine}
    return PeriodClosed(closed, parked, sorted(before | others))


def _start(period: Period) -> dict[str, object]:
    return {"period_start": period.start}


def _must_be_conserved(book: Book, period: Period) -> None:
    for row in book.query("close_residuals", **_start(period), period_end=period.end):
        raise BookInconsistent(
            detail=f"Period {period} cannot be closed: the cost of {row['usage_date']} from source "
            f"{row['source']} has a residual of {plain(row['residual_usd'])} USD against its "
            f"control total of {plain(row['control_usd'])} USD. `meterbook check` says more."
        )


def _parked(book: Book, period: Period) -> list[Parked]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in book.query("close_faults", **_start(period)):
        place = str(row["account_id"]), str(row["tenant_id"])
        reasons[place].append(f"{row['reason']}: {row['detail']}")
    return [Parked(account, tenant, tuple(found)) for (account, tenant), found in reasons.items()]


def _open_accounts(
    book: Book, period: Period, before: set[str], parked: Iterable[Parked]
) -> list[str]:
    billed = [str(row["account_id"]) for row in book.query("close_accounts", **_start(period))]
    held_back = before | {found.account_id for found in parked}
    return sorted(account for account in billed if account not in held_back)


def _freeze(book: Book, period: Period, accounts: Sequence[str]) -> Iterator[tuple[Closed, bool]]:
    """Freeze the accounts one by one; say with each whether it was this run that closed it."""
    closed_at = book.clock.now()
    catalog = Catalog.of(book.query("close_documents"))
    for first in range(0, len(accounts), ACCOUNTS_AT_ONCE):
        some = accounts[first : first + ACCOUNTS_AT_ONCE]
        for account_id, facts in _facts(book, period, some):
            frozen = FrozenPeriod.of(take_snapshot(period, account_id, facts, catalog))
            yield _closed(frozen), land_close(book.landing, frozen, closed_at)


def _facts(
    book: Book, period: Period, accounts: Sequence[str]
) -> Iterator[tuple[str, AccountFacts]]:
    """The facts of some accounts, a contiguous range of those that are open."""
    binds = {**_start(period), "first_account": accounts[0], "last_account": accounts[-1]}
    lines = _by_account(book.query("close_lines", **binds))
    usage = _by_account(book.query("close_usage", **binds, period_end=period.end))
    costs = _by_account(book.query("close_costs", **binds, period_end=period.end))
    for account in accounts:
        yield account, AccountFacts(lines[account], usage[account], costs[account])


def _by_account(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["account_id"])].append(row)
    return found


def _closed(frozen: FrozenPeriod) -> Closed:
    snapshot = frozen.snapshot
    return Closed(
        frozen.account_id, snapshot["currency"], snapshot["total"], frozen.snapshot_sha256
    )


def _announce(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str, period: Period
) -> None:
    """Tell of every close of the period, also of one that a run cut short has not told of."""
    closes = book.query("close_closed", **_start(period))
    announce_all(bus, announced, (_announcement(row, event_source, period) for row in closes))


def _announcement(row: Row, event_source: str, period: Period) -> Announcement:
    closed_at = row["closed_at"]
    if not isinstance(closed_at, datetime):
        raise TypeError("closed_at is a moment")
    account_id, snapshot_sha256 = str(row["account_id"]), str(row["snapshot_sha256"])
    currency = str(row["currency"])
    detail = {
        "period": str(period),
        "account_id": account_id,
        "seller_id": str(row["seller_id"]),
        "currency": currency,
        "total": str(Money.of(str(row["total"]), currency)),
        "snapshot_sha256": snapshot_sha256,
        "closed_at": plain(closed_at),
    }
    id_ = event_id(DETAIL_TYPE, str(period), account_id, snapshot_sha256)
    return Announcement(id_, event_source, DETAIL_TYPE, closed_at.replace(tzinfo=UTC), detail)
