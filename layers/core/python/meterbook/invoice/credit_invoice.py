"""Credit: freeze a credit note for an issued document, in part or for all that is left of it.

    credit.<n>             an amount before tax, of the standard tax class
    reversal.<number>      every line of the document, less what was credited before

A reversal gives back exactly what is left: the document and all its credit notes come to nothing,
net, tax by tax and in sum. So the tax of a reversal is the document's less what its earlier credit
notes have stated, not a percentage of the rest, which may be a cent off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from meterbook.book import Book
from meterbook.close.frozen import CREDIT_NOTE, FrozenDocument, frozen
from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent, Refused
from meterbook.invoice.amend import (
    Subject,
    Wish,
    draft,
    freeze,
    hand_line,
    must_stand,
    ordinal,
    read_amount,
    said_before,
    stored_document,
    subject_of,
    tried,
    without_facts,
)
from meterbook.invoice.draft import REVERSAL
from meterbook.invoice.words import words
from meterbook.money import Money
from meterbook.ports import ObjectStore, Row

_PARTIAL = "credit."
# How a line of an earlier credit note was reckoned stands on that note.
_TOLD_THERE = {"line_kind": "adjustment", "known_amount": "", "billed_amount": "", "rules": ""}
# What a document states of its money: a tax base or tax by category and percent, or a sum.
Stated = dict[tuple[str, str, str], Decimal]


def credit_invoice(
    book: Book,
    evidence: ObjectStore,
    number: str,
    *,
    actor: str,
    reason: str,
    amount: str | None = None,
) -> FrozenDocument:
    """Freeze a credit note over an amount before tax, by default over all that is left.

    Errors: `Refused` for a number that is not issued, for more than is left, for a second reversal,
    and while another credit note of the document waits for its number.
    """
    wish = Wish(actor, reason)
    book.update()
    subject = subject_of(book, number)
    if amount is None:
        return reversal(book, evidence, subject, wish)
    must_stand(subject)
    return _partial(book, evidence, subject, amount, wish)


def reversal(book: Book, evidence: ObjectStore, subject: Subject, wish: Wish) -> FrozenDocument:
    """Freeze the credit note over all that is left; one that waits for its number is found."""
    if subject.reversal and not subject.reversal["number"]:
        return subject.read(book, subject.reversal)
    must_stand(subject)
    return freeze(book, drafted_reversal(book, evidence, subject, wish))


def drafted_reversal(
    book: Book, evidence: ObjectStore, subject: Subject, wish: Wish
) -> FrozenDocument:
    """The reversal as it would be frozen, seen to give back what is left to the cent."""
    notes = _numbered_notes(book, evidence, subject)
    purpose = {"kind": CREDIT_NOTE, "subject": f"{REVERSAL}{subject.issued.number}"}
    document = draft(book, subject, purpose, lines_left(subject.body, notes), wish)
    if notes:
        document = frozen(document.body | {"credited": [note.credited for note in notes]})
    left = figures_left(stored_document(evidence, subject.issued), notes)
    for place, figure in less(left, stated(tried(book, subject, document))).items():
        raise BookInconsistent(
            detail=f"The reversal of {subject.issued.number} would leave {_named(place)} at "
            f"{figure:f}. Nothing was frozen."
        )
    return document


def _partial(
    book: Book, evidence: ObjectStore, subject: Subject, amount: str, wish: Wish
) -> FrozenDocument:
    line = hand_line(str(read_amount(amount, subject.issued.currency)), wish.reason.strip())
    if found := said_before(book, subject, CREDIT_NOTE, line, wish):
        return found
    notes = _numbered_notes(book, evidence, subject)
    left = figures_left(stored_document(evidence, subject.issued), notes)
    _must_be_less(subject, Money.of(line["amount"], subject.issued.currency), left)
    purpose = {"kind": CREDIT_NOTE, "subject": ordinal(subject, CREDIT_NOTE, _PARTIAL)}
    document = without_facts(draft(book, subject, purpose, [line], wish))
    rest = less(left, stated(tried(book, subject, document)))
    if short := sorted(place for place, figure in rest.items() if figure < 0):
        raise Refused(
            detail=f"{amount} is more than is left of {subject.issued.number} "
            f"({_named(short[0])} would be {-rest[short[0]]:f} too high). Credit less, or all of "
            "it by leaving --amount away."
        )
    return freeze(book, document)


def _must_be_less(subject: Subject, amount: Money, left: Stated) -> None:
    net, number = left.get(("sum", "", "net"), Decimal(0)), subject.issued.number
    if amount.amount == net:
        raise Refused(
            detail=f"{amount} is all that is left of {number}: leave --amount away to reverse it."
        )
    if amount.amount > net:
        raise Refused(
            detail=f"{amount} {amount.currency} before tax is more than the {net:f} that are left "
            f"of {number}."
        )


# ---- earlier credit notes --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """An earlier credit note: its number, its frozen lines, its document."""

    number: str
    lines: Sequence[Fields]
    document: Fields

    @property
    def credited(self) -> Fields:
        """What a reversal tells of it, for the tax of what is left."""
        names = ("category", "percent", "base", "tax")
        taxes = [{name: tax[name] for name in names} for tax in self.document["taxes"]]
        return {"number": self.number, "taxes": taxes}


def _numbered_notes(book: Book, evidence: ObjectStore, subject: Subject) -> list[Note]:
    """The credit notes so far. Errors: `Refused` while one of them waits for its number."""
    rows = subject.referring(CREDIT_NOTE)
    if waiting := [str(row["subject"]) for row in rows if not row["number"]]:
        raise Refused(
            detail=f"The credit note {waiting[0]} of {subject.issued.number} waits for its number. "
            "Say `meterbook issue` first."
        )
    return [_note(book, evidence, subject, row) for row in rows]


def _note(book: Book, evidence: ObjectStore, subject: Subject, row: Row) -> Note:
    made = subject.known[str(row["number"])]
    lines = subject.read(book, row).body["lines"]
    return Note(made.number, lines, stored_document(evidence, made))


def lines_left(body: Fields, notes: Iterable[Note]) -> list[Fields]:
    """The lines of a document, and those of its credit notes once more with the other sign."""
    said = words(str(body["account"]["document"].get("language", "") or "en"))
    left = list(_plain(body["lines"]))
    for note in notes:
        text = said["already_credited"].format(number=note.number)
        for line in _plain(note.lines):
            amount = -Money.of(line["amount"], body["currency"])
            left.append(line | _TOLD_THERE | {"text": text, "amount": str(amount)})
    return left


def _plain(lines: Iterable[Fields]) -> Iterator[Fields]:
    for line in lines:
        yield {name: value for name, value in line.items() if name != "line_number"}


# ---- what is left ----------------------------------------------------------------------------


def figures_left(document: Fields, notes: Iterable[Note]) -> Stated:
    """What a document states less what its credit notes state."""
    left = stated(document)
    for note in notes:
        left = less(left, stated(note.document))
    return left


def stated(document: Fields) -> Stated:
    """What a document states of its money."""
    totals = document["totals"]
    sums = {("sum", "", name): Decimal(totals[name]) for name in ("net", "tax", "gross")}
    return sums | {
        (tax["category"], tax["percent"], name): Decimal(tax[name])
        for tax in document["taxes"]
        for name in ("base", "tax")
    }


def less(left: Stated, taken: Stated) -> Stated:
    """One less the other, without what comes to nothing."""
    places = left.keys() | taken.keys()
    rest = {place: left.get(place, Decimal(0)) - taken.get(place, Decimal(0)) for place in places}
    return {place: figure for place, figure in rest.items() if figure}


def _named(place: tuple[str, str, str]) -> str:
    group, percent, figure = place
    return figure if group == "sum" else f"{figure} of {group} {percent} %"
