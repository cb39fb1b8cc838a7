"""What people freeze beside an issued document: the common part of credit, debit and correction.

Nothing here gives a number. What is frozen is a claim of its own, so saying the same thing again
before it is issued finds what is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meterbook.book import Book
from meterbook.canonical import plain, sha256
from meterbook.close.basis import Basis, land_basis
from meterbook.close.frozen import (
    CREDIT_NOTE,
    FrozenDocument,
    frozen,
    land_document,
    read_document,
)
from meterbook.close.late import COLUMNS, NO_ADJUSTMENT, numbered, sum_of
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, CurrencyMismatch, InputRefused, Refused
from meterbook.invoice.checks import problems
from meterbook.invoice.document import invoice_document
from meterbook.invoice.draft import REVERSAL, stand_in
from meterbook.invoice.issued import Issued, issued_documents
from meterbook.invoice.register import Claim
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import ObjectStore, Row

_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?")
# A line that a person writes has an amount, and none of the figures that a tariff gives.
_HAND = dict.fromkeys(COLUMNS, "") | dict.fromkeys(
    (
        "tier", "plan_version", "quantity", "included_quantity", "billable_quantity", "unit_price",
        "cost_usd", "markup_percent", "usd_per_unit", "base_amount", "percent",
    ), "0",
) | {"unit_size": "1"} | NO_ADJUSTMENT  # fmt: skip
# What a document that is no bill of a month has none of.
_NO_FACTS: Fields = {
    name: [] for name in ("usage", "quantities", "heads", "costs", "terms", "plans", "rules")
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants something frozen, and why; both are kept in it. Errors: `InputRefused`."""

    actor: str
    reason: str

    def __post_init__(self) -> None:
        if not self.actor.strip():
            raise InputRefused(detail="A document needs the name of who asks for it: --actor NAME.")
        if not self.reason.strip():
            raise InputRefused(detail="A document needs its reason: say --reason TEXT.")


@dataclass(frozen=True, slots=True)
class Subject:
    """An issued document, what it was written from, and what was frozen for its month so far.

    `known` are all issued documents by number.
    """

    issued: Issued
    body: Fields
    frozen: Sequence[Row]
    known: Mapping[str, Issued]

    @property
    def refers_to(self) -> dict[str, str]:
        """How a document that refers to this one says so."""
        made = self.issued
        return {"kind": made.kind, "subject": made.subject, "period": made.period}

    @property
    def claim(self) -> Claim:
        """The claim behind its number."""
        made = self.issued
        return Claim(made.number, *made.purpose, made.snapshot_sha256, made.issue_date)

    def referring(self, kind: str) -> list[Row]:
        """What was frozen of a kind that refers to this document, in order of time."""
        place = self.issued.kind, self.issued.subject
        return [
            row
            for row in self.frozen
            if row["kind"] == kind and (row["refers_kind"], row["refers_subject"]) == place
        ]

    @property
    def reversal(self) -> Row | None:
        """The credit note that gives back all of it, where there is one."""
        wanted = f"{REVERSAL}{self.issued.number}"
        return next((r for r in self.referring(CREDIT_NOTE) if r["subject"] == wanted), None)

    def read(self, book: Book, row: Row) -> FrozenDocument:
        """A document of the same month, as it was frozen."""
        period = Period.parse(self.issued.period)
        kind, subject = str(row["kind"]), str(row["subject"])
        return read_document(book.landing, period, self.issued.account_id, kind, subject)


def subject_of(book: Book, number: str) -> Subject:
    """Look an issued document up. Errors: `Refused` for a number that is not, or a credit note."""
    known = {one.number: one for one in issued_documents(book)}
    made = known.get(number)
    if made is None:
        raise Refused(
            detail=f"No document {number!r} is issued. `meterbook show v_invoices` lists those "
            "that are; one that has its number and is not sealed yet needs `meterbook issue`."
        )
    if made.kind == CREDIT_NOTE:
        raise Refused(detail=f"{number} is a credit note: it cannot be credited or corrected.")
    period = Period.parse(made.period)
    there = read_document(book.landing, period, made.account_id, made.kind, made.subject)
    rows = book.query("issue_frozen", period_start=period.start, account_id=made.account_id)
    return Subject(made, there.body, rows, known)


def must_stand(subject: Subject) -> None:
    """Refuse what was reversed: nothing of it is owed any more."""
    if subject.reversal:
        number = subject.reversal["number"] or "a credit note that waits for its number"
        raise Refused(detail=f"{subject.issued.number} has been reversed by {number}.")


def stored_document(evidence: ObjectStore, made: Issued) -> Fields:
    """An issued document. Errors: `BookInconsistent` where it is gone or is not what was sealed."""
    try:
        stored = evidence.get(made.json_key)
    except KeyError:
        stored = b""
    if sha256(stored) != made.json_sha256:
        raise BookInconsistent(
            detail=f"{made.json_key} is gone or is not what was sealed. Bring it back from a copy "
            "of the evidence."
        )
    document: Fields = json.loads(stored)
    return document


def hand_line(amount: str, text: str) -> Fields:
    """A line that a person has written, of the standard tax class."""
    return _HAND | {"line_kind": "adjustment", "text": text, "amount": amount}


def read_money(text: str, currency: str) -> Money:
    """An amount as a person writes it, above or below zero. Errors: `InputRefused`."""
    try:
        money = Money.of(text, currency) if _AMOUNT.fullmatch(text) else None
    except CurrencyMismatch:
        money = None
    if money is None or money.minor == 0:
        raise InputRefused(detail=f"{text!r} is no amount in {currency}: write one like 12.50.")
    return money


def read_amount(text: str, currency: str) -> Money:
    """The same for what can only be above zero."""
    if (money := read_money(text, currency)).minor < 0:
        raise InputRefused(detail=f"{text!r} is below zero, and a credit or debit is not.")
    return money


def ordinal(subject: Subject, kind: str, prefix: str) -> str:
    """The next subject of a series such as `credit.1`, `credit.2` in an account's month."""
    taken = [str(row["subject"]) for row in subject.frozen if row["kind"] == kind]
    return f"{prefix}{sum(name.startswith(prefix) for name in taken) + 1}"


def said_before(
    book: Book, subject: Subject, kind: str, line: Fields, wish: Wish
) -> FrozenDocument | None:
    """The same thing, said before and not issued yet: a command that is repeated finds it there."""
    for row in subject.referring(kind):
        if not row["number"]:
            found = subject.read(book, row)
            asked = [line["amount"]], wish.reason.strip()
            if ([one["amount"] for one in found.body["lines"]], found.body["reason"]) == asked:
                return found
    return None


def draft(
    book: Book, subject: Subject, purpose: Mapping[str, str], lines: Sequence[Fields], wish: Wish
) -> FrozenDocument:
    """What would be frozen: the parties and names of the issued document with lines of its own.

    `purpose` is the kind and the subject. The facts of the month stay only where the lines do.
    """
    now, body = book.clock.now(), subject.body
    decision = {
        "decision": purpose["kind"],
        "stream": "invoices",
        "subject": subject.issued.number,
        "actor": wish.actor.strip(),
        "reason": wish.reason.strip(),
        "decided_at": plain(now),
    }
    kept = {name: part for name, part in body.items() if name not in ("credit_notes", "credited")}
    return frozen(
        {
            **kept,
            **purpose,
            "refers_to": subject.refers_to,
            "reason": decision["reason"],
            "actor": decision["actor"],
            "lines": (of_all := numbered(lines)),
            "total": sum_of(of_all, body["currency"]),
            "decisions": [*body["decisions"], decision],
            "basis_sha256": land_basis(book.landing, Basis.now(), now),
        }
    )


def without_facts(document: FrozenDocument) -> FrozenDocument:
    """The same for a document whose lines no fact of the month has made."""
    return frozen(document.body | _NO_FACTS)


def tried(book: Book, subject: Subject, document: FrozenDocument) -> Fields:
    """The document as it would be issued today. Errors: `Refused` with what keeps it from that."""
    now = book.clock.now()
    written = invoice_document(document, stand_in(document, now), subject.claim)
    if found := problems(written):
        raise Refused(detail=f"This {document.kind} could not be issued: {' '.join(found)}")
    return written


def freeze(book: Book, document: FrozenDocument) -> FrozenDocument:
    """Land a document. Errors: `Refused` when somebody else was quicker."""
    if not land_document(book.landing, document, book.clock.now()):
        raise Refused(
            detail=f"Somebody else has just frozen {document.kind} {document.subject} of account "
            f"{document.account_id} for {document.period}. Say this again."
        )
    return document
