"""What is wrong with a document, said before it takes a number.

The official rules tolerate a tax that is cents off, a line that does not multiply out, a reference
with wrong check digits and a correction of nothing. Nothing is tolerated here: every figure is
reckoned again from the document alone, and one sentence names each field and its remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from meterbook.close.master_data import MOST_DECIMALS, party_problems
from meterbook.close.snapshot import Fields
from meterbook.errors import CurrencyMismatch, UnknownCurrency
from meterbook.invoice.document import TYPE_CODES
from meterbook.invoice.einvoice import PROFILES, lines_of
from meterbook.invoice.figures import (
    allowance_problems,
    line_problems,
    named,
    taken,
    tax_problems,
    total_problems,
)
from meterbook.money import Money, minor_digits

# What XML 1.0 cannot carry, whatever is done to it.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIGURE = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def problems(document: Fields) -> list[str]:
    """What keeps a document from being issued, one clear sentence each; empty when it is good."""
    try:
        digits = minor_digits(document["currency"])
    except UnknownCurrency as error:
        return [str(error)]
    unreadable = list(_unreadable(document))
    if unreadable:
        return unreadable  # nothing can be reckoned with what is no figure of this currency
    found = [
        *_head(document, digits),
        *_parties(document),
        *line_problems(document),
        *allowance_problems(document),
        *tax_problems(document),
        *total_problems(document),
    ]
    return list(dict.fromkeys(found))


# ---- every amount can be read ----------------------------------------------------------------


def _unreadable(document: Fields) -> Iterator[str]:
    """Amounts that are no amounts of this currency, and figures that are none."""
    currency = document["currency"]
    for field, amount in _amounts(document):
        if not _FIGURE.fullmatch(amount):
            yield f"{field} is {amount!r}, which is no figure. Write it as a plain decimal."
        elif not _is_of(amount, currency):
            digits = minor_digits(currency)
            yield (
                f"{field} is {amount}, but amounts in {currency} have {digits} decimals. "
                "Round it where it is made."
            )
    for field, figure in _figures(document):
        if not _FIGURE.fullmatch(figure):
            yield f"{field} is {figure!r}, which is no figure. Write it as a plain decimal."


def _is_of(amount: str, currency: str) -> bool:
    """Whether an amount is written with exactly the decimals of its currency."""
    try:
        return str(Money.of(amount, currency)) == amount
    except CurrencyMismatch:
        return False


def _amounts(document: Fields) -> Iterator[tuple[str, str]]:
    for line in lines_of(document):
        yield f"{named(line)} amount", line["amount"]
    for group in document["groups"]:
        yield f"The subtotal of {group['kind']}", group["subtotal"]
    for allowance in document["allowances"]:
        yield f"{taken(allowance)} amount", allowance["amount"]
        if allowance["percent"]:
            yield f"{taken(allowance)} base", allowance["base"]
    for tax in document["taxes"]:
        yield f"The base of tax {tax['category']} {tax['percent']} %", tax["base"]
        yield f"The tax of {tax['category']} {tax['percent']} %", tax["tax"]
    for name, amount in document["totals"].items():
        yield f"totals.{name}", amount
    yield "total", document["total"]


def _figures(document: Fields) -> Iterator[tuple[str, str]]:
    for line in lines_of(document):
        for name in ("quantity", "unit_price", "unit_size"):
            yield f"{named(line)} {name}", line[name]
    for allowance in document["allowances"]:
        if allowance["percent"]:
            yield f"{taken(allowance)} percent", allowance["percent"]


# ---- the head and the parties ----------------------------------------------------------------


def _head(document: Fields, digits: int) -> Iterator[str]:
    if not document["number"]:
        yield "The document has no number. Claim one for it."
    if int(document["minor_digits"]) != digits:
        yield (
            f"minor_digits is {document['minor_digits']}, but {document['currency']} has {digits}. "
            "Freeze the document again."
        )
    yield from _dates(document)
    yield from _reference(document)
    if document["e_invoice"]:
        yield from _einvoice(document, digits)


def _dates(document: Fields) -> Iterator[str]:
    period = document["period"]
    days = {
        "issue_date": document["issue_date"],
        "due_date": document["due_date"],
        "period.first_day": period["first_day"],
        "period.last_day": period["last_day"],
    }
    wrong = {name: day for name, day in days.items() if not _is_day(day)}
    yield from (f"{name} is {day!r}, which is no day. Correct it." for name, day in wrong.items())
    if wrong:
        return
    for earlier, later in (("issue_date", "due_date"), ("period.first_day", "period.last_day")):
        if days[later] < days[earlier]:
            yield f"{later} {days[later]} is before {earlier} {days[earlier]}. Correct one of them."


def _is_day(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _reference(document: Fields) -> Iterator[str]:
    """Whoever credits, corrects or adds has to say to what."""
    code = document["type_code"]
    if TYPE_CODES.get(document["kind"]) != code:
        yield f"type_code is {code}, but kind is {document['kind']}. Write it again."
    adjusts = all(line["adjusts_period"] for line in lines_of(document))
    if code != "380" and not document["preceding"] and not (code == "381" and adjusts):
        yield (
            f"A {document['kind'].replace('_', ' ')} has to name the invoice that it is about, and "
            "preceding is empty. Freeze it with refers_to."
        )
    for found in document["preceding"]:
        if not found["number"] or not _is_day(found["issue_date"]):
            yield "preceding lacks a number or an issue_date. Name the invoice and its day."


def _einvoice(document: Fields, digits: int) -> Iterator[str]:
    if digits > MOST_DECIMALS:
        yield (
            f"{document['currency']} has {digits} decimals, and an e-invoice has room for "
            f"{MOST_DECIMALS}. Set e_invoice of the account to off."
        )
    if document["e_invoice"] not in PROFILES:
        known = ", ".join(PROFILES)
        yield f"e_invoice is {document['e_invoice']!r}. Make it one of {known}, or off."
    for field, text in _texts(document):
        if _UNWRITABLE.search(text):
            yield f"{field} holds a character that XML cannot carry. Take it out of {text!r}."


def _texts(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document with the path to it."""
    if isinstance(value, str):
        yield field.lstrip("."), value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{field}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, field)


def _parties(document: Fields) -> Iterator[str]:
    yield from party_problems(
        document["seller"],
        document["buyer"] | {"buyer_reference": document["buyer_reference"]},
        document["tax_case"],
        document["e_invoice"],
    )
