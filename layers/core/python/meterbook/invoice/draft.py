"""Draft: write each document once without a number, to see whether it may have one.

A number is given for ever, so what our own checks object to, what refers to a document without a
number, and a credit note that would give back more than was asked for get none and say why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterbook.close.frozen import (
    CORRECTED,
    CREDIT_NOTE,
    DEBIT_NOTE,
    INVOICE,
    FrozenDocument,
    read_document,
)
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent
from meterbook.invoice.checks import problems
from meterbook.invoice.document import invoice_document
from meterbook.invoice.issued import Issued
from meterbook.invoice.register import Claim, Claimable, Register
from meterbook.invoice.render_invoice import preceding_of, read_claimed, referred
from meterbook.period import Period
from meterbook.ports import ObjectStore, Row

Purpose = tuple[str, str, str, str]
_ORDER = {INVOICE: 0, CORRECTED: 2, DEBIT_NOTE: 2, CREDIT_NOTE: 3}
REVERSAL = "reversal."


@dataclass(frozen=True, slots=True)
class Held:
    """Something frozen that gets no number now, with the reasons."""

    account_id: str
    period: str
    kind: str
    subject: str
    reasons: tuple[str, ...]


def draft_order(row: Row) -> int:
    """The rank of a row of `issue_documents`: what others may refer to comes first.

    A reversal refers to what has its number, and stands before what comes in its place.
    """
    return 1 if str(row["subject"]).startswith(REVERSAL) else _ORDER[str(row["kind"])]


def stand_in(frozen: FrozenDocument, at: datetime) -> Claim:
    """A claim as the register might make it, with a number that it never gives."""
    return Claim(
        number=f"{series_of(frozen)}-{at.year}-000000",
        account_id=frozen.account_id,
        period=str(frozen.period),
        kind=frozen.kind,
        subject=frozen.subject,
        snapshot_sha256=frozen.snapshot_sha256,
        issue_date=at.date().isoformat(),
    )


def series_of(frozen: FrozenDocument) -> str:
    """The seller's series that the document is numbered in."""
    seller = frozen.body["seller"]["document"]
    own = seller.get("credit_note_series", "") if frozen.kind == CREDIT_NOTE else ""
    return str(own or seller["invoice_series"])


class Drafts:
    """One seller's documents on trial, and what its numbered ones ask for and give back."""

    def __init__(
        self, landing: ObjectStore, issued: Iterable[Issued], register: Register, at: datetime
    ) -> None:
        self._landing, self._at = landing, at
        self._asked: dict[Purpose, Decimal] = {}
        self._given: defaultdict[Purpose, Decimal] = defaultdict(Decimal)
        purposes = {claimed.number: claimed.purpose for claimed in register.claims}
        for made in issued:
            if made.number in purposes:
                self._take(made.purpose, purposes.get(made.refers_to), made.total)

    def judged(self, rows: Sequence[Row], register: Register) -> tuple[list[Claimable], list[Held]]:
        """What may have a number, and what may not, with the reasons."""
        if any(row["kind"] == CREDIT_NOTE for row in rows):
            self._take_in(register)
        sound, held = [], []
        for row in rows:
            place = purpose_of(row)
            try:
                frozen = read_document(self._landing, Period.parse(place[1]), place[0], *place[2:])
                document, reasons = self._tried(frozen, stand_in(frozen, self._at), register)
            except BookInconsistent as fault:
                held.append(_held(place, [str(fault)]))
                continue
            if reasons := reasons or self._overdrawn(frozen, document):
                held.append(_held(place, reasons))
            else:
                self._take(place, referred(frozen), document["total"])
                sound.append(_claimable(frozen))
        return sound, held

    def _tried(
        self, frozen: FrozenDocument, claimed: Claim, register: Register
    ) -> tuple[Fields, list[str]]:
        document = invoice_document(frozen, claimed, preceding_of(frozen, register))
        return document, problems(document)

    def _take_in(self, register: Register) -> None:
        """Count in what has its number and is not in the book yet."""
        for claimed in register.claims:
            if claimed.purpose not in self._asked:
                with suppress(BookInconsistent):  # what is damaged is told where it is written
                    frozen = read_claimed(self._landing, claimed)
                    document, _ = self._tried(frozen, claimed, register)
                    self._take(claimed.purpose, referred(frozen), document["total"])

    def _take(self, place: Purpose, refers_to: Purpose | None, amount: str) -> None:
        self._asked[place] = Decimal(amount)
        if place[2] == CREDIT_NOTE and refers_to:
            self._given[refers_to] += Decimal(amount)

    def _overdrawn(self, frozen: FrozenDocument, document: Fields) -> list[str]:
        """Credits never give back more than their document asked for, whoever wrote them."""
        to = referred(frozen)
        if frozen.kind != CREDIT_NOTE or to is None:
            return []
        given = self._given[to] + Decimal(document["total"])
        asked = self._asked.get(to, Decimal(0))
        if given <= max(asked, Decimal(0)):
            return []
        number, currency = document["preceding"][0]["number"], document["currency"]
        return [
            f"With it {given:f} {currency} would be given back of {number}, which asked for "
            f"{asked:f}. Correct it with `meterbook correct {number}`."
        ]


def purpose_of(row: Row) -> Purpose:
    """What a row of `issue_documents` would be claimed for."""
    month = str(row["period_start"])[:7]
    return str(row["account_id"]), month, str(row["kind"]), str(row["subject"])


def _claimable(frozen: FrozenDocument) -> Claimable:
    return Claimable(
        period=str(frozen.period),
        account_id=frozen.account_id,
        snapshot_sha256=frozen.snapshot_sha256,
        series=series_of(frozen),
        kind=frozen.kind,
        subject=frozen.subject,
    )


def _held(place: Purpose, reasons: Iterable[str]) -> Held:
    return Held(*place, reasons=tuple(reasons))
