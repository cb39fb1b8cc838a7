"""Correct: freeze the reversal of an invoice and a new one in its place; or charge something more.

    reversal.<number>      gives back what is left of the invoice
    corrected_invoice      of subject <number>: the month and the parties as they are known now
    debit.<n>              a debit note over an amount before tax

The terms of a closed month stay frozen; what the corrected invoice brings is today's names and
addresses, and the facts that have come since. What later bills have added for the month stays with
them and is taken off; credits that were granted by hand are granted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meterbook.book import Book
from meterbook.canonical import text_of
from meterbook.close.close_period import document_now
from meterbook.close.frozen import CORRECTED, CREDIT_NOTE, DEBIT_NOTE, LATE, FrozenDocument
from meterbook.close.snapshot import Fields, Purpose
from meterbook.errors import Refused
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
    subject_of,
    tried,
    without_facts,
)
from meterbook.invoice.credit_invoice import drafted_reversal
from meterbook.invoice.words import words
from meterbook.money import Money
from meterbook.period import Period
from meterbook.ports import ObjectStore, Row

_DEBIT = "debit."


def correct_invoice(
    book: Book, evidence: ObjectStore, number: str, *, actor: str, reason: str
) -> tuple[FrozenDocument, FrozenDocument]:
    """Freeze the reversal of an invoice and its successor; return both.

    One that was reversed by hand gets its successor alone. Errors: `Refused` for a number that is
    not issued, is no invoice, or was corrected before.
    """
    wish = Wish(actor, reason)
    book.update()
    subject = subject_of(book, number)
    if subject.issued.kind == DEBIT_NOTE:
        raise Refused(detail=f"{number} is a debit note: credit it, and write another one.")
    if found := _corrected(subject):
        if found["number"]:
            raise Refused(detail=f"{number} has been corrected by {found['number']}.")
        return _reversed(book, subject), subject.read(book, found)
    corrected = _drafted(book, subject, wish)
    tried(book, subject, corrected)
    if subject.reversal:
        return _reversed(book, subject), freeze(book, corrected)
    back = freeze(book, drafted_reversal(book, evidence, subject, wish))
    return back, freeze(book, corrected)


def debit_invoice(
    book: Book, number: str, amount: str, *, actor: str, reason: str
) -> FrozenDocument:
    """Freeze a debit note over an amount before tax beside an issued document.

    Errors: `Refused` for a number that is not issued, or that was reversed.
    """
    wish = Wish(actor, reason)
    book.update()
    subject = subject_of(book, number)
    must_stand(subject)
    line = hand_line(str(read_amount(amount, subject.issued.currency)), wish.reason.strip())
    if found := said_before(book, subject, DEBIT_NOTE, line, wish):
        return found
    purpose = {"kind": DEBIT_NOTE, "subject": ordinal(subject, DEBIT_NOTE, _DEBIT)}
    document = without_facts(draft(book, subject, purpose, [line], wish))
    tried(book, subject, document)
    return freeze(book, document)


def _corrected(subject: Subject) -> Row | None:
    found = [row for row in subject.referring(CORRECTED) if row["subject"] == subject.issued.number]
    return found[0] if found else None


def _reversed(book: Book, subject: Subject) -> FrozenDocument:
    if subject.reversal is None:
        raise Refused(detail=f"{subject.issued.number} has a successor and was never reversed.")
    return subject.read(book, subject.reversal)


def _drafted(book: Book, subject: Subject, wish: Wish) -> FrozenDocument:
    made = subject.issued
    signed = wish.reason.strip(), wish.actor.strip()
    purpose = Purpose(CORRECTED, made.number, subject.refers_to, *signed, made.currency)
    more = [*_carried(book, subject), *_added_later(book, subject), *_granted(book, subject)]
    return document_now(book, Period.parse(made.period), made.account_id, purpose, more)


def _carried(book: Book, subject: Subject) -> Iterator[Fields]:
    """What came late for months before this one, and what a person has granted, as it was.

    What was reversed is late again: a close since then may have billed it once more.
    """
    still_late = _late(book, subject) if subject.reversal else None
    for line in subject.body["lines"]:
        is_late = line["line_kind"] == "adjustment"
        of_others = is_late and line["adjusts_period"] != subject.issued.period
        if of_others and still_late is not None:
            of_others = _place(line, "adjusts_period", "adjusts_kind") in still_late
        if of_others or (line["line_kind"] == "credit" and line["text"]):
            yield {name: value for name, value in line.items() if name != "line_number"}


def _late(book: Book, subject: Subject) -> set[tuple[str, ...]]:
    """The places of what is late now for the account's months before this one."""
    start, account_id = Period.parse(subject.issued.period).start, subject.issued.account_id
    binds = {"first_account": account_id, "last_account": account_id}
    rows = book.query("close_late", period_start=start, **binds)
    late = ({**row, "late_month": str(row["late_start"])[:7]} for row in rows)
    return {_place(row, "late_month", "kind") for row in late}


def _place(row: Mapping[str, object], period: str, kind: str) -> tuple[str, ...]:
    names = (period, kind, "tenant_id", "module_id", "metric", "tier")
    return tuple(str(row[name]) for name in names)


def _added_later(book: Book, subject: Subject) -> Iterator[Fields]:
    """What standing bills of later months have added for this one, taken off."""
    made = subject.issued
    month = Period.parse(made.period)
    rows = book.query(
        "issue_adjusted",
        account_id=made.account_id,
        adjusts_period=made.period,
        period_start=month.start,
    )
    for row in rows:
        added = Money.of(text_of(row["amount"]), made.currency)
        place = {name: text_of(row[name]) for name in ("tenant_id", "module_id", "metric", "tier")}
        yield (
            hand_line(str(-added), "")
            | place
            | {
                "adjusts_period": made.period,
                "adjusts_kind": str(row["adjusts_kind"]),
                "known_amount": str(Money(made.currency, 0)),
                "billed_amount": str(added),
            }
        )


def _granted(book: Book, subject: Subject) -> Iterator[Fields]:
    """Credit notes by hand over an amount: the reversal has taken them back, so they come again."""
    said = words(str(subject.body["account"]["document"].get("language", "") or "en"))
    for row in subject.referring(CREDIT_NOTE):
        if str(row["subject"]).startswith(LATE) or row == subject.reversal:
            continue
        currency, total = subject.issued.currency, subject.read(book, row).body["total"]
        text = said["carried_over"].format(number=row["number"])
        yield hand_line(str(-Money.of(total, currency)), text) | {
            "line_kind": "credit",
            "base_amount": total,
            "pricing": "amount",
        }
