"""The months of each tenant: open ones as they would close now, closed ones as they are frozen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from meterbook.book import Book
from meterbook.canonical import canonical_json, sha256, text_of
from meterbook.close.close_period import ACCOUNTS_AT_ONCE, bills_now
from meterbook.close.frozen import CORRECTED, INVOICE, read_document
from meterbook.close.snapshot import Fields
from meterbook.invoice.issued import Issued
from meterbook.period import Period
from meterbook.ports import Recalculator, Row
from meterbook.report.month_view import CLOSED, ISSUED, OPEN, Standing, month_view, tenants_of
from meterbook.report.projection import Projection, projected
from meterbook.report.tenant_folder import TenantFolder
from meterbook.report.tenant_view import MONTH_FORM

_NOT_CLOSED = ("open", "parked")
_SHOWN = ("number", "kind", "total", "issue_date")
Folders = Mapping[str, TenantFolder]
Entries = dict[str, list[Fields]]


def write_months(
    book: Book, issued: Sequence[Issued], recalculator: Recalculator, folders: Folders
) -> Entries:
    """Put the month documents; tenant → what its index says of its months, newest first.

    A closed month is written again when a document of it is issued or its cost is restated, or by
    another version of its form.
    """
    found: Entries = {tenant: [] for tenant in folders}
    states = _states(book)
    first_open = min((period for period, of in states.items() if _waiting(of)), default=None)
    for period, of in sorted(states.items(), reverse=True):
        month = _Month.of(book, period, with_late=period == first_open)
        waiting = _waiting(of)
        for body, standing in month.open_bodies(waiting, recalculator):
            _write(body, standing, "", folders, found)
        for account in sorted(of.keys() - set(waiting)):
            own = [one for one in issued if (one.account_id, one.period) == (account, str(period))]
            _write_closed(month, account, own, folders, found)
    return found


def _states(book: Book) -> dict[Period, dict[str, str]]:
    """Month → account → how far it has come."""
    found: defaultdict[Period, dict[str, str]] = defaultdict(dict)
    for row in book.query("status_periods"):
        start = row["period_start"]
        if isinstance(start, date):
            found[Period(start)][str(row["account_id"])] = str(row["state"])
    return found


def _waiting(states: Mapping[str, str]) -> list[str]:
    return sorted(account for account, state in states.items() if state in _NOT_CLOSED)


@dataclass(frozen=True)
class _Month:
    """What all accounts of a month share."""

    book: Book
    period: Period
    with_late: bool
    through: date
    restated: Sequence[Row]
    estimated: Sequence[tuple[str, str]]
    faults: Sequence[Row]
    frozen_at: Mapping[tuple[str, str, str], str]

    @classmethod
    def of(cls, book: Book, period: Period, *, with_late: bool) -> _Month:
        days = {"period_start": period.start, "period_end": period.end}
        estimated = book.query("publish_estimated", **days)
        return cls(
            book,
            period,
            with_late,
            book.clock.now().date(),
            book.query("publish_restated", **days),
            [("aws", str(row["usage_date"])) for row in estimated],
            book.query("close_faults", period_start=period.start),
            {
                (str(row["account_id"]), str(row["kind"]), str(row["subject"])): text_of(
                    row["closed_at"]
                )
                for row in book.query("publish_frozen", period_start=period.start)
            },
        )

    def open_bodies(
        self, accounts: Sequence[str], recalculator: Recalculator
    ) -> Iterator[tuple[Fields, Standing]]:
        for some in _chunks(accounts):
            bodies = [
                document.body
                for document in bills_now(self.book, self.period, some, with_late=self.with_late)
            ]
            for body, projection in zip(bodies, self._projected(bodies, recalculator), strict=True):
                yield body, self._standing(OPEN, projection=projection)

    def _projected(
        self, bodies: Sequence[Fields], recalculator: Recalculator
    ) -> Sequence[Projection | None]:
        """A month that is over, or has not had a whole day yet, comes to what it comes to."""
        used = {row["usage_date"] for body in bodies for row in body["usage"]}
        yesterday = (self.through - timedelta(days=1)).isoformat()  # of today not all is known
        whole = max((day for day in used if day <= yesterday), default="")
        if self.through not in self.period or not whole:
            return [None] * len(bodies)
        return projected(bodies, date.fromisoformat(whole), recalculator, self.new_ids)

    @cached_property
    def new_ids(self) -> Sequence[Row]:
        """On which day what is counted once a month was counted."""
        return self.book.query(
            "publish_new_ids", period_start=self.period.start, period_end=self.period.end
        )

    def closed(self, account: str, own: Sequence[Issued]) -> tuple[Fields, Standing]:
        """What stands for a closed month: the last correction, else the invoice."""
        corrected = [(one.number, one.subject) for one in own if one.kind == CORRECTED]
        place = (CORRECTED, max(corrected)[1]) if corrected else (INVOICE, "")
        body = read_document(self.book.landing, self.period, account, *place).body
        documents = [{name: str(getattr(one, name)) for name in _SHOWN} for one in own]
        standing = self._standing(ISSUED if own else CLOSED, documents=documents)
        return body, replace(standing, closed_at=self.frozen_at[account, *place])

    def made_from(self, own: Sequence[Issued]) -> str:
        """What a closed month's document follows from, besides what is frozen for ever."""
        restated = [{name: str(value) for name, value in row.items()} for row in self.restated]
        return sha256(canonical_json([MONTH_FORM, [one.number for one in own], restated]))

    def _standing(
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
            new_ids=self.new_ids,
            estimated=self.estimated if is_open else (),
            faults=[_texts(row) for row in self.faults] if is_open else (),
        )


def _write_closed(
    month: _Month, account: str, own: Sequence[Issued], folders: Folders, found: Entries
) -> None:
    made_from = month.made_from(own)
    former = _former(folders, account, str(month.period), made_from)
    if former:
        for tenant, entry in former.items():
            found[tenant].append(entry)
    else:
        _write(*month.closed(account, own), made_from, folders, found)


def _former(folders: Folders, account: str, period: str, made_from: str) -> dict[str, Fields]:
    """The month as it was published, where all tenants of the account have it."""
    wanted = {"account_id": account, "period": period, "made_from": made_from}
    found = {
        tenant: entry
        for tenant, folder in folders.items()
        for entry in folder.former.get("periods", ())
        if wanted.items() <= entry.items()
    }
    return found if {entry["tenants"] for entry in found.values()} == {len(found)} else {}


def _write(
    body: Fields, standing: Standing, made_from: str, folders: Folders, found: Entries
) -> None:
    tenants = [tenant for tenant in tenants_of(body) if tenant in folders]
    for tenant in tenants:
        view = month_view(body, tenant, _of_tenant(standing, body, tenant))
        found[tenant].append(
            {
                **{name: view[name] for name in ("period", "state", "currency", "total")},
                "account_id": body["account_id"],
                "made_from": made_from,
                "tenants": len(tenants),
                "key": folders[tenant].document(view),
            }
        )


def _of_tenant(standing: Standing, body: Fields, tenant: str) -> Standing:
    """The faults of the tenant alone, and those of its account."""
    own = [
        {"reason": one["reason"], "detail": one["detail"]}
        for one in standing.faults
        if one["tenant_id"] == tenant
        or (not one["tenant_id"] and one["account_id"] == body["account_id"])
    ]
    return replace(standing, faults=own)


def _texts(row: Row) -> dict[str, str]:
    return {name: str(value or "") for name, value in row.items()}


def _chunks(accounts: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(accounts), ACCOUNTS_AT_ONCE):
        yield accounts[first : first + ACCOUNTS_AT_ONCE]
