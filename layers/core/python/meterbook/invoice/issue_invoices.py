"""Issue: number what is frozen, have its documents written, seal them, and say so.

    frozen → own checks → claim → invoices/<number>/… → seal → rows in the book → event → mail

What has a fault is held before it gets a number, and the run goes on. After the claim all follows
from what was frozen, so a run that was cut short at any point is repaired by running again: same
number, same bytes, same event, same mail. On one machine the queue has written the documents when
it returns; in the cloud others write them, and the next run seals what is stored by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from meterbook.announce import announce_all
from meterbook.book import Book
from meterbook.canonical import sha256
from meterbook.errors import BookInconsistent
from meterbook.invoice.draft import Drafts, Held, draft_order, purpose_of
from meterbook.invoice.files import DOCUMENT, FILES, PREFIX, document_key, document_keys
from meterbook.invoice.issued import (
    Issued,
    announcement,
    issued_documents,
    known_sheets,
    land_sealed,
    must_reach,
)
from meterbook.invoice.mail import Post, Unmailed, mail_all
from meterbook.invoice.register import (
    ENTRIES,
    Claim,
    Seal,
    claim,
    read_register,
    seal,
)
from meterbook.invoice.render_invoice import must_belong
from meterbook.period import Period
from meterbook.ports import EventBus, ObjectStore, RenderQueue, Row, Signer

T = TypeVar("T")
NO_POST = Post()


@dataclass(frozen=True, slots=True)
class Desk:
    """What issuing is plugged into beside the book."""

    evidence: ObjectStore
    signer: Signer
    queue: RenderQueue
    bus: EventBus
    announced: ObjectStore
    event_source: str
    post: Post = NO_POST


@dataclass(frozen=True, slots=True)
class IssueRun:
    """What a run did: issued since it began, in order of seller and number; what it left, and why.

    `unsealed` are numbers whose documents are not all stored, the oldest for `unsealed_hours`.
    """

    issued: list[Issued]
    held: list[Held]
    unapproved: list[Held]
    unsealed: list[str]
    unsealed_hours: int
    unmailed: list[Unmailed]


def issue_invoices(book: Book, desk: Desk, period: Period | None = None) -> IssueRun:
    """Issue every approved document (of one period, where given) that has no number.

    Credit notes for earlier months go with the period whose close has brought them about. What an
    earlier run has claimed and not finished is finished, whatever its period. Errors:
    `BookInconsistent` when a register is not what it has to be; what one document or the queue
    has failed with, after all others were finished.
    """
    book.update()
    before, waiting = issued_documents(book), book.query("issue_documents")
    seats = [_Seat(book, desk, seller_id, before) for seller_id, _ in groupby(waiting, key=_seller)]
    wanted = [row for row in waiting if period is None or period.start in _months(row)]
    for seat in seats:
        seat.claim([row for row in wanted if row["is_approved"] and _seller(row) == seat.seller_id])
        seat.finish()
    issued, unmailed = _told(book, desk)
    for seat in seats:
        seat.must_not_have_failed()
    known = {made.number for made in before}
    return IssueRun(
        issued=[made for made in issued if made.number not in known],
        held=[held for seat in seats for held in seat.held],
        unapproved=[_unapproved(row) for row in wanted if not row["is_approved"]],
        unsealed=[claimed.number for seat in seats for claimed in seat.register.unsealed],
        unsealed_hours=max((hours for seat in seats for hours in seat.unsealed_hours()), default=0),
        unmailed=unmailed,
    )


def _told(book: Book, desk: Desk) -> tuple[list[Issued], list[Unmailed]]:
    """Announce and mail what is sealed, also what a run cut short has not told of."""
    book.update()
    issued = issued_documents(book)
    announce_all(
        desk.bus, desk.announced, (announcement(made, desk.event_source) for made in issued)
    )
    today = book.clock.now().date()
    return issued, mail_all(desk.post, desk.evidence, desk.announced, issued, today)


def _seller(row: Row) -> str:
    return str(row["seller_id"])


def _months(row: Row) -> tuple[object, object]:
    """The month that a document is about, and the one whose close has brought it about."""
    return row["period_start"], row["close_start"]


def _month(row: Row) -> str:
    return str(row["period_start"])[:7]


def _unapproved(row: Row) -> Held:
    account, month = str(row["account_id"]), _month(row)
    closed = str(row["close_start"])[:7]  # a late credit note waits with the close that made it
    reason = (
        "its bill is far from the three before it and waits for approval: "
        f"`meterbook approve {closed} {account}`"
    )
    return Held(account, month, str(row["kind"]), str(row["subject"]), (reason,))


class _Seat:
    """One seller's part of a run: its register, what was held, what has failed."""

    def __init__(self, book: Book, desk: Desk, seller_id: str, issued: Sequence[Issued]) -> None:
        self._book, self._desk, self._now = book, desk, book.clock.now()
        self._issued, self._failures = issued, list[Exception]()
        self.seller_id = seller_id
        self.held: list[Held] = []
        known = known_sheets(book.landing)  # asked first: others write beside this run
        self.register = read_register(desk.evidence, seller_id)
        must_reach(self.register, known)

    def claim(self, rows: Sequence[Row]) -> None:
        """Give a number to each sound document that has none; those that others refer to first."""
        drafts = Drafts(self._book.landing, self._issued, self.register, self._now)
        taken = {claimed.purpose for claimed in self.register.claims}
        fresh = [row for row in rows if purpose_of(row) not in taken]
        for _, rank in groupby(sorted(fresh, key=draft_order), key=draft_order):
            for some in _parts(list(rank)):
                sound, held = drafts.judged(some, self.register)
                self.held += held
                evidence, signer = self._desk.evidence, self._desk.signer
                self.register = claim(evidence, signer, self.seller_id, sound, self._now)

    def finish(self) -> None:
        """Have what is claimed written, seal what is stored, land the rows of what is sealed."""
        stored = set(self._stored())
        missing = [made.number for made in self.register.unsealed if made not in stored]
        if missing:
            self._attempt(missing)
        for some in _parts(list(self._stored())):
            seals = [made for claimed in some for made in self._sealed(claimed)]
            evidence, signer = self._desk.evidence, self._desk.signer
            self.register = seal(evidence, signer, self.seller_id, seals, self._now)
        land_sealed(self._book, self._desk.evidence, self.register, self._now)

    def must_not_have_failed(self) -> None:
        """Raise what has failed first, if anything has."""
        for failure in self._failures:
            raise failure

    def unsealed_hours(self) -> Iterator[int]:
        """How many whole hours ago each sheet was written that has numbers without a seal."""
        unsealed = set(self.register.unsealed)
        for sheet in self.register.sheets:
            if not unsealed.isdisjoint(sheet.claims):
                waited = self._now - datetime.fromisoformat(sheet.written_at)
                yield waited // timedelta(hours=1)

    def _attempt(self, numbers: Sequence[str]) -> None:
        try:
            self._desk.queue.send(self.seller_id, numbers)
        except Exception as failure:  # whatever one has, the others are finished
            self._failures.append(failure)

    def _stored(self) -> Iterator[Claim]:
        """The claims that are not sealed and whose files are stored, the print being the last."""
        unsealed = self.register.unsealed
        series = {claimed.number.rpartition("-")[0] for claimed in unsealed}
        there = {key for one in series for key in self._desk.evidence.keys(f"{PREFIX}{one}-")}
        for claimed in unsealed:
            if {document_key(claimed.number, name) for name in FILES} <= there:
                yield claimed

    def _sealed(self, claimed: Claim) -> Iterator[Seal]:
        """The hashes of all files of a number; nothing where one is missing or not ours."""
        evidence, number = self._desk.evidence, claimed.number
        try:
            stored = evidence.get(document_key(number, DOCUMENT))
            document = must_belong(stored, self.seller_id, claimed)
            keys = document_keys(number, document["e_invoice"])
            yield Seal(number, {key: sha256(evidence.get(key)) for key in keys})
        except BookInconsistent as failure:
            self._failures.append(failure)


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut where a sheet is full: a run that is cut short keeps what it has come to."""
    for first in range(0, len(rows), ENTRIES):
        yield rows[first : first + ENTRIES]
