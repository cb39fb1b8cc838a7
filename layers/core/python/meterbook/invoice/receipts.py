"""Receipts: what others report as paid is held against the document that asked for it.

    receipt.<number>.<hash of the reference>      a delivery of stream `receipts`, one row

The reference is the bank's: one is one payment, however often it is reported. Meterbook takes no
money and judges none: more than was asked for is recorded, and shows as less than nothing open.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date

from meterbook.book import Book
from meterbook.canonical import sha256
from meterbook.close.snapshot import Fields
from meterbook.delivery import (
    Delivery,
    close_delivery,
    closing_record,
    land_rows,
    record_key,
    row_counts,
)
from meterbook.errors import InputRefused, Refused
from meterbook.invoice.amend import read_money, subject_of
from meterbook.invoice.issued import Issued
from meterbook.money import Money
from meterbook.ports import ObjectStore

STREAM = "receipts"
LONGEST_REFERENCE = 200
_SHOWN = ("received", "open_amount")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a document stands at after a receipt; `is_new` unless it was recorded before."""

    number: str
    currency: str
    received: str
    open: str
    is_new: bool


def record_receipt(
    book: Book, number: str, amount: str, received_on: date, *, reference: str, actor: str
) -> Receipt:
    """Record a payment on an issued document; an amount below zero is money that went back.

    Errors: `Refused` for a number that is not issued or a credit note's, and for a reference that
    was recorded with another amount or day.
    """
    book.update()
    made = subject_of(book, number).issued
    row = _row(book, made, amount, received_on, reference.strip(), actor.strip())
    id_ = f"receipt.{number}.{sha256(row['reference'])[:32]}"
    files = land_rows(book.landing, STREAM, id_, [row])
    told = Delivery(id_, STREAM, id_, id_, book.clock.now(), files)
    is_new = close_delivery(book.landing, told)
    if not is_new:
        _must_be_the_same(_recorded(book.landing, id_), row)
    book.update()
    (stands,) = book.show("v_open_invoices", {"number": number})
    received, left = (str(Money.of(str(stands[n]), made.currency)) for n in _SHOWN)
    return Receipt(number, made.currency, received, left, is_new)


def _row(
    book: Book, made: Issued, amount: str, received_on: date, reference: str, actor: str
) -> dict[str, str]:
    if not actor:
        raise InputRefused(detail="A receipt needs the name of who reports it: say --actor NAME.")
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        raise InputRefused(
            detail="A receipt needs the payment's reference, of at most "
            f"{LONGEST_REFERENCE} characters."
        )
    if received_on > book.clock.now().date():
        raise InputRefused(detail=f"{received_on} is not yet: a receipt tells what has come in.")
    return {
        "number": made.number,
        "amount": str(read_money(amount, made.currency)),
        "currency": made.currency,
        "received_on": received_on.isoformat(),
        "reference": reference,
        "actor": actor,
    }


def _recorded(landing: ObjectStore, delivery_id: str) -> Fields:
    (file_name,) = row_counts(closing_record(landing, record_key(STREAM, delivery_id)))
    found: Fields = json.loads(gzip.decompress(landing.get(file_name)))
    return found


def _must_be_the_same(recorded: Fields, row: Fields) -> None:
    """Somebody else may report it again; another amount or day is another payment."""
    if any(recorded[name] != row[name] for name in ("amount", "received_on")):
        raise Refused(
            detail=f"The reference {row['reference']!r} is recorded on {row['number']} with "
            f"{recorded['amount']} {recorded['currency']} received on {recorded['received_on']}."
        )
