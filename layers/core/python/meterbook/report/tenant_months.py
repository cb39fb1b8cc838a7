"""The months of each tenant: open ones as they would close now, closed ones as they are frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256, text_of
from meterbook.close.close_period import ACCOUNTS_AT_ONCE, bills_now
from meterbook.close.frozen import CORRECTED, INVOICE, read_document
from meterbook.close.readiness import by_account
from meterbook.close.snapshot import Fields
from meterbook.invoice.issued import Issued
from meterbook.period import Period
from meterbook.ports import Recalculator, Row
from meterbook.report.month_view import CLOSED, ISSUED, OPEN, Standing, month_view, tenants_of
from meterbook.report.projection import CostsThrough, Projection, last_cost_days, projected
from meterbook.report.tenant_accounts import TenantAccounts
from meterbook.report.tenant_files import Archive
from meterbook.report.tenant_folder import TenantFolder
from meterbook.report.tenant_view import MONTH_FORM

_NOT_CLOSED = ("open", "parked")
_SHOWN = ("number", "kind", "total", "issue_date")
Entries = Mapping[str, Sequence[Fields]]


def write_months(
    book: Book,
    archive: Archive,
    recalculator: Recalculator,
    folders: Mapping[str, TenantFolder],
    accounts: TenantAccounts,
) -> Entries:
    """Put the month documents; tenant → what its index says of its months, newest first.

    A month is written again when what it is made from is another: of a closed one, that are its
    documents, who sees them, what was restated, and the version of its form. Where two accounts
    bill a tenant for a month, the one that pays for it comes before the one that only brings what
    is late.
    """
    desk = _Desk(folders, accounts)
    late_since: dict[str, Period] = {}
    for period, of in sorted(_states(book).items()):
        month, waiting = _Month.of(book, period), _waiting(book, period, of)
        for bodies in month.open_bodies(waiting, late_since):
            desk.write_open(month, bodies, recalculator)
        late_since |= dict.fromkeys(waiting, period)
        for account in sorted(of.keys() - set(waiting)):
            own = [one for one in archive.of_accounts([account]) if one.period == str(period)]
            desk.write_closed(month, account, own)
    return {tenant: _newest_first(entries) for tenant, entries in desk.found.items()}


def _newest_first(entries: Iterable[Fields]) -> list[Fields]:
    return sorted(entries, key=lambda one: (one["period"], one["pays"]), reverse=True)


def _states(book: Book) -> dict[Period, dict[str, str]]:
    """Month → account → how far it has come; a tenant that nobody pays for has no bill."""
    found: defaultdict[Period, dict[str, str]] = defaultdict(dict)
    for row in book.query("status_periods"):
        start = row["period_start"]
        if isinstance(start, date) and row["account_id"]:
            found[Period(start)][str(row["account_id"])] = str(row["state"])
    return found


def _waiting(book: Book, period: Period, states: Mapping[str, str]) -> list[str]:
    """Who is still to be billed for a month, also who owes nothing but what came late."""
    waiting = {account for account, state in states.items() if state in _NOT_CLOSED}
    if not waiting:
        return []
    billed = {
        str(row["account_id"]) for row in book.query("close_accounts", period_start=period.start)
    }
    return sorted(waiting | (billed - states.keys()))


@dataclass(frozen=True, slots=True)
class _Known:
    """The last whole day with facts, None without one; until when each source's cost is told."""

    through: date | None
    costs: CostsThrough


@dataclass(frozen=True)
class _Month:
    """What all accounts of a month share."""

    book: Book
    period: Period
    through: date
    restated: Sequence[Row]
    estimated: Sequence[tuple[str, str]]
    faults: Mapping[str, Sequence[Row]]
    frozen_at: Mapping[tuple[str, str, str], str]

    @classmethod
    def of(cls, book: Book, period: Period) -> _Month:
        days = {"period_start": period.start, "period_end": period.end}
        estimated = book.query("publish_estimated", **days)
        return cls(
            book,
            period,
            book.clock.now().date(),
            book.query("publish_restated", **days),
            [("aws", str(row["usage_date"])) for row in estimated],
            by_account(book.query("close_faults", period_start=period.start)),
            {
                (str(row["account_id"]), str(row["kind"]), str(row["subject"])): text_of(
                    row["closed_at"]
                )
                for row in book.query("publish_frozen", period_start=period.start)
            },
        )

    def open_bodies(
        self, accounts: Sequence[str], late_since: Mapping[str, Period]
    ) -> Iterator[list[Fields]]:
        """What the open accounts would be billed, some at once."""
        for some in _chunks(accounts):
            yield [one.body for one in bills_now(self.book, self.period, some, late_since)]

    def known(self, bodies: Sequence[Fields]) -> _Known:
        """How far facts have come; of today not all is known."""
        used = {row["usage_date"] for body in bodies for row in body["usage"]}
        whole = max((day for day in used if day < self.through.isoformat()), default="")
        if self.through not in self.period or not whole:
            return _Known(None, {})
        through = date.fromisoformat(whole)
        return _Known(through, last_cost_days(bodies, through))

    def projected(
        self, bodies: Sequence[Fields], known: _Known, recalculator: Recalculator
    ) -> Sequence[Projection | None]:
        """A month that is over, or has not had a whole day yet, comes to what it comes to."""
        if known.through is None:
            return [None] * len(bodies)
        return projected(bodies, known.through, recalculator, self.new_ids, known.costs)

    @cached_property
    def new_ids(self) -> Sequence[Row]:
        """On which day what is counted once a month was counted."""
        return self._ids("publish_new_ids")

    @cached_property
    def _known_ids(self) -> Mapping[str, Sequence[Row]]:
        return _by_tenant(self.new_ids)

    @cached_property
    def _billed_ids(self) -> Mapping[str, Sequence[Row]]:
        """The same of closed months: what came after the close is not in them."""
        return _by_tenant(self._ids("publish_billed_ids"))

    def _ids(self, query: str) -> Sequence[Row]:
        return self.book.query(query, period_start=self.period.start, period_end=self.period.end)

    def closed(self, account: str, own: Sequence[Issued]) -> tuple[Fields, Standing]:
        """What stands for a closed month: the last correction, else the invoice."""
        corrected = [(one.number, one.subject) for one in own if one.kind == CORRECTED]
        place = (CORRECTED, max(corrected)[1]) if corrected else (INVOICE, "")
        body = read_document(self.book.landing, self.period, account, *place).body
        documents = [{name: str(getattr(one, name)) for name in _SHOWN} for one in own]
        standing = self.standing(ISSUED if own else CLOSED, documents=documents)
        return body, replace(standing, closed_at=self.frozen_at[account, *place])

    def made_from(self, own: Sequence[Issued], payers: Iterable[str]) -> str:
        """What a closed month's document follows from, besides what is frozen for ever."""
        numbers = [one.number for one in own]
        return self._mark(numbers, payers)

    def made_from_now(self, body: Fields, known: _Known, payers: Iterable[str]) -> str:
        """What an open month's document follows from."""
        ids = [_texts(self._known_ids.get(tenant, ())) for tenant in tenants_of(body)]
        faults = _texts(self.faults.get(body["account_id"], ()))
        told = [str(self.through), str(known.through), *sorted(map(str, known.costs.items()))]
        return self._mark([body, told, self.estimated, ids, faults], payers)

    def _mark(self, what: object, payers: Iterable[str]) -> str:
        return sha256(canonical_json([MONTH_FORM, what, _texts(self.restated), sorted(payers)]))

    def standing(
        self,
        state: str,
        *,
        documents: Sequence[Mapping[str, str]] = (),
        projection: Projection | None = None,
    ) -> Standing:
        is_open = state == OPEN
        return Standing(
            state=state,
            through=self.through if is_open else self.period.end,
            documents=documents,
            projection=projection,
            restated=self.restated,
            estimated=self.estimated if is_open else (),
        )

    def of_tenant(self, standing: Standing, account: str, tenant: str, *, sees: bool) -> Standing:
        """What is this tenant's: who does not see the account's documents knows their numbers."""
        is_open = standing.state == OPEN
        faults = self.faults.get(account, ()) if is_open else ()
        ids = self._known_ids if is_open else self._billed_ids
        return replace(
            standing,
            documents=[dict(one) if sees else {**one, "total": ""} for one in standing.documents],
            new_ids=ids.get(tenant, ()),
            faults=[
                {"reason": str(one["reason"]), "detail": str(one["detail"])}
                for one in faults
                if one["tenant_id"] in (tenant, "")
            ],
        )


class _Desk:
    """Writes months into their tenants' folders, or finds them there as they were."""

    def __init__(self, folders: Mapping[str, TenantFolder], accounts: TenantAccounts) -> None:
        self._folders, self._accounts = folders, accounts
        self.found: dict[str, list[Fields]] = {tenant: [] for tenant in folders}
        self._former: defaultdict[tuple[str, str], dict[str, Fields]] = defaultdict(dict)
        for tenant, folder in folders.items():
            for entry in folder.former.get("periods", ()):
                self._former[entry["account_id"], entry["period"]][tenant] = entry

    def write_open(
        self, month: _Month, bodies: Sequence[Fields], recalculator: Recalculator
    ) -> None:
        """Open months of some accounts; only those that have changed are projected."""
        known = month.known(bodies)
        made_from = {
            body["account_id"]: month.made_from_now(
                body, known, self._accounts.payers(body["account_id"])
            )
            for body in bodies
        }
        changed = [
            body
            for body in bodies
            if not self._kept(body["account_id"], month, made_from[body["account_id"]])
        ]
        projections = month.projected(changed, known, recalculator)
        for body, projection in zip(changed, projections, strict=True):
            standing = month.standing(OPEN, projection=projection)
            self._write(month, body, standing, made_from[body["account_id"]])

    def write_closed(self, month: _Month, account: str, own: Sequence[Issued]) -> None:
        """A closed month of an account."""
        made_from = month.made_from(own, self._accounts.payers(account))
        if not self._kept(account, month, made_from):
            self._write(month, *month.closed(account, own), made_from)

    def _kept(self, account: str, month: _Month, made_from: str) -> bool:
        """Take a month as it was published, where all tenants of the account have it."""
        former = {
            tenant: entry
            for tenant, entry in self._former[account, str(month.period)].items()
            if entry["made_from"] == made_from
        }
        is_whole = {entry["tenants"] for entry in former.values()} == {len(former)}
        for tenant, entry in former.items() if is_whole else ():
            self.found[tenant].append(entry)
        return is_whole

    def _write(self, month: _Month, body: Fields, standing: Standing, made_from: str) -> None:
        """A month of every tenant that is in a body."""
        tenants = [tenant for tenant in tenants_of(body) if tenant in self._folders]
        paid_for = {row["tenant_id"] for row in body["terms"] if row["term"] == "tenant"}
        payers = self._accounts.payers(body["account_id"])
        for tenant in tenants:
            own = month.of_tenant(standing, body["account_id"], tenant, sees=tenant in payers)
            view = month_view(body, tenant, own)
            self.found[tenant].append(
                {
                    **{name: view[name] for name in ("period", "state", "currency", "total")},
                    "account_id": body["account_id"],
                    "made_from": made_from,
                    "pays": tenant in paid_for,
                    "tenants": len(tenants),
                    "key": self._folders[tenant].document(view),
                }
            )


def _texts(rows: Iterable[Row]) -> list[dict[str, str]]:
    return [{name: str(value) for name, value in row.items()} for row in rows]


def _by_tenant(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["tenant_id"])].append(row)
    return found


def _chunks(accounts: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(accounts), ACCOUNTS_AT_ONCE):
        yield accounts[first : first + ACCOUNTS_AT_ONCE]
