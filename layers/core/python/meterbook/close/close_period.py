"""Close a month: freeze what each account's bill is made from, or park it with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import itemgetter
from types import MappingProxyType

from meterbook.announce import announce_all, event_id
from meterbook.book import Book
from meterbook.canonical import plain
from meterbook.close.basis import Basis, land_basis, landed_facts
from meterbook.close.frozen import FrozenDocument, frozen, land_document, read_document
from meterbook.close.readiness import (
    Parked,
    Readiness,
    by_account,
    decisions,
    master_data_faults,
    readiness,
)
from meterbook.close.snapshot import (
    AccountFacts,
    Catalog,
    Close,
    Fields,
    Purpose,
    take_snapshot,
)
from meterbook.errors import BookInconsistent, NothingToClose, PeriodNotOver, PeriodNotReady
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
class PeriodClosed:
    """What a close did: frozen now, parked with reasons, frozen before (or by another run)."""

    closed: list[Closed]
    parked: list[Parked]
    already_closed: list[str]


@dataclass(frozen=True, slots=True)
class ClosedWhenReady:
    """What an unattended close did, and what it waits for: open accounts, points, days so far."""

    done: PeriodClosed
    open_accounts: Sequence[str]
    waiting_for: Sequence[str]
    blocked_days: int


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
    `PeriodNotReady` with every point that nobody has let pass, `BookInconsistent` when a check is
    red, `NothingToClose`.
    """
    stands = close_readiness(book, period, allow_open=allow_open)
    if not (stands.closed_accounts or stands.parked or stands.open_accounts):
        raise NothingToClose(period=period)
    if stands.open_accounts:
        _must_be_conserved(book, period)
        must_be_ready(stands)
        book.must_hold(apart_from={"cost_is_conserved"})  # a red day stops its own month alone
    done = PeriodClosed([], list(stands.parked), list(stands.closed_accounts))
    landed = {"landed": landed_facts(book.landing)} if stands.open_accounts else {}
    for document in _documents(book, period, stands.open_accounts):
        _freeze(book, document, landed, done)
    book.update()
    _announce(book, bus, announced, event_source, period)
    return done


def close_when_ready(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str, period: Period | None
) -> ClosedWhenReady:
    """Close a month, by default the last one, if it is ready; else say what it waits for."""
    today = book.clock.now().date()
    month = period or Period.of(today).previous
    try:
        done = close_period(book, bus, announced, event_source, month)
    except (NothingToClose, PeriodNotReady):
        done = PeriodClosed([], [], [])
    stands = readiness(book, month)
    is_waiting = bool(stands.open_accounts or stands.parked)
    return ClosedWhenReady(
        done,
        stands.open_accounts,
        [str(point) for point in stands.blockers] if stands.open_accounts else [],
        (today - month.end).days if is_waiting else 0,
    )


def close_readiness(
    book: Book, period: Period, *, allow_open: bool = False, only: Collection[str] = ()
) -> Readiness:
    """What closing the month would do and what is in its way. Errors: `PeriodNotOver`."""
    now = book.clock.now()
    if not allow_open and not period.is_over(now):
        raise PeriodNotOver(period=period, end=period.end, now=f"{now:%Y-%m-%d %H:%M} UTC")
    book.update(only)
    return readiness(book, period)


def document_now(
    book: Book,
    period: Period,
    account_id: str,
    purpose: Purpose,
    more_lines: Sequence[Fields] = (),
) -> FrozenDocument:
    """What would be frozen for one account as things are known now, for a document of its own.

    What came late for other months is left to the next close. Errors: `BookInconsistent` when the
    period has no line for the account.
    """
    basis = land_basis(book.landing, Basis.now(), book.clock.now())
    close = _close(book, period, basis)
    ((_, facts),) = _facts(book, period, [account_id])
    if not (facts.lines or more_lines):
        raise BookInconsistent(detail=f"{period} holds no line for account {account_id}.")
    alone = AccountFacts(
        facts.lines, facts.usage, facts.quantities, facts.heads, facts.costs, facts.terms
    )
    return frozen(take_snapshot(close, account_id, alone, purpose, more_lines))


def bills_now(
    book: Book,
    period: Period,
    accounts: Sequence[str],
    late_since: Mapping[str, Period] = MappingProxyType({}),
) -> Iterator[FrozenDocument]:
    """What each open account's bill of a month would be made from now; nothing is landed.

    What came late is billed once, by the first close after its month: `late_since` names, for an
    account that has an earlier open month, that month, whose bill takes what is older.
    """
    if not accounts:
        return
    close = _close(book, period, "")
    for account_id, facts in _facts_of_all(book, period, accounts):
        account = close.catalog.one("account", account_id)["document"]
        late = _billable(facts.late, account, late_since.get(account_id))
        if facts.lines or late:
            yield frozen(take_snapshot(close, account_id, replace(facts, late=late)))


def _billable(late: Iterable[Row], account: Fields, since: Period | None) -> list[Row]:
    """What a bill of today's can hold: what was billed in another currency is corrected there."""
    terms = account["seller"], account["currency"]
    return [
        row
        for row in late
        if (row["seller_id"], row["currency"]) == terms
        and (since is None or str(row["late_start"]) >= since.start.isoformat())
    ]


def _must_be_conserved(book: Book, period: Period) -> None:
    for row in book.query("close_residuals", period_start=period.start, period_end=period.end):
        raise BookInconsistent(
            detail=f"Period {period} cannot be closed: the cost of {row['usage_date']} from source "
            f"{row['source']} has a residual of {plain(row['residual_usd'])} USD against its "
            f"control total of {plain(row['control_usd'])} USD. `meterbook check` says more."
        )


def must_be_ready(stands: Readiness) -> None:
    """Refuse to freeze while points are open. Errors: `PeriodNotReady` names each of them."""
    if waiting := stands.blockers:
        told = "; ".join(f"{point} ({point.blocker})" for point in waiting)
        raise PeriodNotReady(period=stands.period, detail=told)


def _close(book: Book, period: Period, basis_sha256: str) -> Close:
    catalog = Catalog.of(book.query("close_documents"))
    return Close(period, catalog, decisions(book, period), basis_sha256)


def _documents(book: Book, period: Period, accounts: Sequence[str]) -> Iterator[FrozenDocument]:
    """What each account's bill will be made from, one by one."""
    if not accounts:
        return
    close = _close(book, period, land_basis(book.landing, Basis.now(), book.clock.now()))
    for account_id, facts in _facts_of_all(book, period, accounts):
        yield frozen(_addressed(book, take_snapshot(close, account_id, facts)))


def _facts_of_all(
    book: Book, period: Period, accounts: Sequence[str]
) -> Iterator[tuple[str, AccountFacts]]:
    for first in range(0, len(accounts), ACCOUNTS_AT_ONCE):
        yield from _facts(book, period, accounts[first : first + ACCOUNTS_AT_ONCE])


def _addressed(book: Book, snapshot: Fields) -> Fields:
    """Have each credit note written from and to those of the document that it gives back of.

    The tax that was charged is the tax that is given back, however the account is taxed by now.
    """
    for note in snapshot["credit_notes"]:
        to, account_id = note["refers_to"], snapshot["account_id"]
        place = Period.parse(to["period"]), account_id, to["kind"], to["subject"]
        billed = read_document(book.landing, *place).body
        note |= {"seller": billed["seller"], "account": billed["account"]}
    return snapshot


def _freeze(
    book: Book, document: FrozenDocument, landed: Mapping[str, object], done: PeriodClosed
) -> None:
    """Claim one account's close, unless no document could ever be written from it."""
    account_id = document.account_id
    if faults := master_data_faults(document.body):
        done.parked.append(Parked(account_id, "", tuple(faults)))
    elif land_document(book.landing, document, book.clock.now(), landed):
        done.closed.append(_closed(document))
    else:
        done.already_closed.append(account_id)


def _facts(
    book: Book, period: Period, accounts: Sequence[str]
) -> Iterator[tuple[str, AccountFacts]]:
    """The facts of some accounts, a contiguous range of those that are open."""
    binds: dict[str, object] = {
        "period_start": period.start,
        "first_account": accounts[0],
        "last_account": accounts[-1],
    }
    days = {**binds, "period_end": period.end}
    found = [
        by_account(book.query(f"close_{what}", **(days if what in _DAILY else binds)))
        for what in _FACTS
    ]
    for account in accounts:
        yield account, AccountFacts(*(rows[account] for rows in found))


_FACTS = ("lines", "usage", "quantities", "heads", "costs", "terms", "late", "rules")
_DAILY = ("usage", "heads", "costs")


def _closed(document: FrozenDocument) -> Closed:
    body = document.body
    return Closed(document.account_id, body["currency"], body["total"], document.snapshot_sha256)


def _announce(
    book: Book, bus: EventBus, announced: ObjectStore, event_source: str, period: Period
) -> None:
    """Tell of every close of the period, also of one that a run cut short has not told of."""
    closes = book.query("close_closed", period_start=period.start)
    announce_all(bus, announced, (_announcement(row, event_source, period) for row in closes))


def _announcement(row: Row, event_source: str, period: Period) -> Announcement:
    closed_at = row["closed_at"]
    if not isinstance(closed_at, datetime):
        raise TypeError("closed_at is a moment")
    account_id, currency, snapshot_sha256 = map(
        str, itemgetter("account_id", "currency", "snapshot_sha256")(row)
    )
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
