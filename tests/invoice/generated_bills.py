"""Bills by hypothesis: lines of every kind that multiply out, in every currency and tax case."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from invoice.invoices import (
    BUYERS,
    GERMAN_SELLER,
    adjustment,
    credit,
    discount,
    facility,
    frozen_period,
    metered,
    passthrough,
)
from meterbook.close.frozen import FrozenDocument
from meterbook.money import minor_digits

Fields = dict[str, Any]
TYPES = {
    "invoice": "380",
    "credit_note": "381",
    "corrected_invoice": "384",
    "debit_note": "383",
}
ORIGINAL = {"kind": "invoice", "subject": "", "period": "2026-10"}
METRICS = ["api_calls", "reports", "customers", "exports"]
figures = st.integers(0, 10**9).map(lambda millionths: Fraction(millionths, 10**6))


def half_up(amount: Fraction, digits: int) -> str:
    """Round half away from zero, by counting; shares nothing with the code under test."""
    whole, rest = divmod(abs(amount) * 10**digits, 1)
    minor = int(whole) + (1 if rest >= Fraction(1, 2) else 0)
    sign = "-" if amount < 0 and minor else ""
    text = str(minor).rjust(digits + 1, "0")
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def plain(figure: Fraction) -> str:
    """A figure of six decimals in full."""
    return half_up(figure, 6)


def body_of(kind: str) -> Fields:
    """What the body of a document of a kind says of it."""
    refers_to = {} if kind == "invoice" else ORIGINAL
    subject = "" if kind == "invoice" else "some.1"
    return {"kind": kind, "subject": subject, "refers_to": refers_to, "reason": ""}


@st.composite
def _line(draw: st.DrawFn, digits: int) -> Fields:
    what = draw(st.sampled_from(["metered", "metered", "facility", "passthrough", "adjustment"]))
    if what == "metered":
        quantity, price = draw(figures), draw(figures)
        size = draw(st.sampled_from([1, 1000, 1000000]))
        amount = half_up(quantity * price / size, digits)
        metric = draw(st.sampled_from(METRICS))
        kind = draw(st.sampled_from(["levy", "variable"]))
        return metered(
            amount, plain(quantity), plain(price), str(size), metric=metric, line_kind=kind
        )
    amount = half_up(draw(figures), digits)
    if what == "facility":
        return facility(amount)
    signed = amount if draw(st.booleans()) or not Fraction(amount) else f"-{amount}"
    if what == "passthrough":
        return passthrough(signed, signed)
    return adjustment(signed, signed, "0")


@st.composite
def _lines(draw: st.DrawFn, digits: int) -> list[Fields]:
    """Lines, then a discount on what is discounted, then a credit of at most what is left."""
    lines = draw(st.lists(_line(digits), min_size=1, max_size=6))
    discounted = ("levy", "facility", "variable")
    base = sum(Fraction(line["amount"]) for line in lines if line["line_kind"] in discounted)
    left = sum(Fraction(line["amount"]) for line in lines)
    if draw(st.booleans()) and base:
        percent = draw(st.sampled_from(["10", "12.5", "33.33"]))
        taken = half_up(base * Fraction(percent) / 100, digits)
        if Fraction(taken):
            lines.append(discount(f"-{taken}", percent, half_up(base, digits)))
            left -= Fraction(taken)
    if draw(st.booleans()) and left >= 1:
        taken = half_up(left * draw(st.integers(1, 10)) / 10, digits)
        if Fraction(taken):
            lines.append(credit(f"-{taken}"))
    return lines


@st.composite
def bills(
    draw: st.DrawFn, currencies: tuple[str, ...] = ("EUR", "USD", "JPY", "GBP")
) -> FrozenDocument:
    """A frozen document of any kind; a credit note gives money back."""
    currency = draw(st.sampled_from(currencies))
    lines = draw(_lines(minor_digits(currency)))
    owed = sum(Fraction(line["amount"]) for line in lines)
    kinds = list(TYPES) if owed >= 0 else ["invoice", "corrected_invoice"]
    account = BUYERS[draw(st.sampled_from(sorted(BUYERS)))]
    profile = draw(st.sampled_from(["en16931", "xrechnung"]))
    body = body_of(draw(st.sampled_from(kinds)))
    return frozen_period(
        lines, currency, seller=GERMAN_SELLER, account=account | {"e_invoice": profile}, body=body
    )
