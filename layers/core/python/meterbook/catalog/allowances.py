"""What an account is given: discounts on what its tenants owe, and credits of an amount."""

from __future__ import annotations

from decimal import Decimal

from meterbook.catalog.document import Fields
from meterbook.catalog.reader import Reader
from meterbook.errors import BadPeriod
from meterbook.money import minor_digits
from meterbook.period import Period

# What a discount may be on: the kinds of lines that a plan itself prices.
DISCOUNTED = ("facility", "levy", "minimum", "variable")


def discounts(doc: Reader) -> list[Fields]:
    """The discounts with their days; together they never take more than all there is."""
    found = doc.timeline("discounts", "id percent reason kinds", _discount, apart="id")
    for kind in DISCOUNTED:
        on_kind = [entry for entry in found if kind in entry["kinds"]]
        for day in {entry["starts_on"] for entry in on_kind}:
            held = [of for of in on_kind if of["starts_on"] <= day < of["ends_on"]]
            total = sum(Decimal(of["percent"]) for of in held)
            if total > 100:
                detail = f"those on {kind} come to {total} percent on {day}"
                raise doc.refusal("discounts", detail, "Let them come to 100 at most.")
    return found


def _discount(entry: Reader) -> Fields:
    percent = entry.percent("percent", 100)
    if percent == "0":
        raise entry.refusal("percent", "0 takes nothing off", "Take the discount out.")
    kinds = {of.choice("kind", " ".join(DISCOUNTED)) for of in entry.entries("kinds", "kind")}
    return {
        "id": entry.identifier("id"),
        "percent": percent,
        "reason": entry.text("reason"),
        "kinds": sorted(kinds or DISCOUNTED),
    }


def credits_given(doc: Reader) -> list[Fields]:
    """The commercial credits: each an amount taken off what one tenant owes for one period."""
    digits = minor_digits(doc.currency("currency"))
    entries = doc.entries("credits", "id tenant period amount reason")
    found = [_credit(entry, digits) for entry in entries]
    return sorted(found, key=lambda credit: credit["id"])


def _credit(entry: Reader, digits: int) -> Fields:
    amount = entry.decimal("amount", finest=digits, shown=digits)
    if not Decimal(amount):
        raise entry.refusal("amount", "0 takes nothing off", "Take the credit out.")
    return {
        "id": entry.identifier("id"),
        "tenant_id": entry.identifier("tenant"),
        "period": _period(entry),
        "amount": amount,
        "reason": entry.text("reason"),
    }


def _period(entry: Reader) -> str:
    period = entry.text("period")
    try:
        return str(Period.parse(period))
    except BadPeriod as error:
        raise entry.refusal("period", error.args[0].rstrip("."), BadPeriod.remedy) from None
