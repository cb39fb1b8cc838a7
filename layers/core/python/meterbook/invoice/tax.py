"""Tax as a document states it: the category of a line, and one row per category and rate.

VAT is reckoned on the sum of a category, never on a line, and rounded once, half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from stdnum.eu.vat import MEMBER_STATES

from meterbook.canonical import short
from meterbook.close.master_data import tax_case, tax_percent
from meterbook.close.snapshot import Fields
from meterbook.money import Money, minor_digits, total
from meterbook.period import Period

# EN 16931's category of each tax case but `domestic`, and the code for why no tax is charged.
_CATEGORIES = {
    "reverse_charge": "AE",
    "export": "G",
    "exempt": "E",
    "small_business": "E",
    "none": "",
}
_REASON_CODES = {"AE": "VATEX-EU-AE", "G": "VATEX-EU-G"}
_EU = frozenset(state.upper() for state in MEMBER_STATES)


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """A tax category and its percent; both "" where no tax is stated, percent "" where unknown."""

    category: str
    percent: str


@dataclass(frozen=True, slots=True)
class Taxation:
    """How one account's bill is taxed."""

    seller: Fields
    account: Fields

    @property
    def case(self) -> str:
        """The account's tax case."""
        return tax_case(self.account)

    def rate(self, tax_class: str, period: Period) -> Rate:
        """The category and percent of a tax class in a month."""
        if self.case != "domestic":
            category = _CATEGORIES.get(self.case, "")
            return Rate(category, "0" if category else "")
        if tax_class == "zero":
            return Rate("Z", "0")
        percent = tax_percent(self.seller, tax_class, period)
        return Rate("S", short(percent) if percent else "")

    def reason(self, category: str, said: Mapping[str, str]) -> str:
        """Why no tax is charged, in words; "" where it is, or where none is needed."""
        if category == "G":
            return said["tax_reason_G" if is_in_eu(self.seller) else "tax_reason_export"]
        if category == "AE":
            return said["tax_reason_AE"]
        if category != "E":
            return ""
        if self.case == "exempt":
            return str(self.account.get("tax_exemption_reason", ""))
        is_german = self.seller.get("country") == "DE"
        return said["tax_reason_small_business_DE" if is_german else "tax_reason_small_business"]


def is_in_eu(party: Fields) -> bool:
    """Whether a seller's tax is that of a member state."""
    return party.get("country") in _EU


def reason_code(category: str, seller: Fields) -> str:
    """The code for why no tax is charged; the codes are those of EU law, so others have none."""
    return _REASON_CODES.get(category, "") if is_in_eu(seller) else ""


def rounded(amount: Fraction, currency: str) -> Money:
    """An exact amount at the currency's minor unit, half away from zero."""
    doubled = abs(amount) * 10 ** minor_digits(currency) * 2 + 1
    minor = doubled.numerator // (doubled.denominator * 2)
    return Money(currency, -minor if amount < 0 else minor)


def tax_on(base: Money, percent: str) -> Money:
    """The tax on the base of one category."""
    return rounded(Fraction(base.amount) * Fraction(percent or "0") / 100, base.currency)


def tax_left(base: Money, rate: Rate, credited: Iterable[Fields]) -> Money:
    """The tax on what is left of a category after earlier credits of the same document.

    The whole is taxed once and what was credited is taken off, so that an invoice and all of its
    credit notes cancel to the cent. `credited` is a body's list of earlier notes and their taxes.
    """
    earlier = [
        tax
        for note in credited
        for tax in note["taxes"]
        if Rate(tax["category"], tax["percent"]) == rate
    ]
    of = {
        name: total((Money.of(tax[name], base.currency) for tax in earlier), base.currency)
        for name in ("base", "tax")
    }
    return tax_on(base + of["base"], rate.percent) + -of["tax"]


def bases(amounts: Iterable[tuple[Rate, Money]], currency: str) -> dict[Rate, Money]:
    """What each category and rate comes to, the greatest rate first."""
    found: dict[Rate, list[Money]] = {}
    for rate, amount in amounts:
        found.setdefault(rate, []).append(amount)
    in_order = sorted(found, key=lambda rate: (-Fraction(rate.percent or "0"), rate.category))
    return {rate: total(found[rate], currency) for rate in in_order}


def divided(
    amount: Money, over: Iterable[tuple[Rate, Money]], otherwise: Rate
) -> list[tuple[Rate, Money, Money]]:
    """Divide an allowance among the rates of what it is taken off: (rate, part, base) each."""
    weights = {rate: base for rate, base in bases(over, amount.currency).items() if base.minor > 0}
    if not weights:
        return [(otherwise, amount, Money(amount.currency, 0))]
    parts = amount.split([base.minor for base in weights.values()])
    return [(rate, part, base) for (rate, base), part in zip(weights.items(), parts, strict=True)]
