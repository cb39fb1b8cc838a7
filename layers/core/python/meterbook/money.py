"""Exact amounts of money, and the split that loses nothing.

Costs and prices stay `Decimal` until a line is written; a `Money` is what stands on such a line: a
whole number of the currency's minor units. The tariff itself is SQL (`sql/models/tariff`); what is
here only adds up and shows what SQL has decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from iso4217 import Currency

from meterbook.errors import CurrencyMismatch, UnknownCurrency


def minor_digits(currency: str) -> int:
    """Say how many decimals a currency's amounts have (ISO 4217: USD 2, JPY 0, KWD 3)."""
    try:
        exponent: int | None = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise UnknownCurrency(currency=currency)
    return exponent


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount on a line: a whole number of minor units of one ISO 4217 currency."""

    currency: str
    minor: int

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Money:
        """Read an amount that is already at the currency's minor unit; a finer one is refused."""
        scaled = Decimal(amount).scaleb(minor_digits(currency))
        if scaled != scaled.to_integral_value():
            raise CurrencyMismatch(detail=f"{amount} is finer than the minor unit of {currency}")
        return cls(currency, int(scaled))

    @property
    def amount(self) -> Decimal:
        """The amount with exactly the currency's decimals, as documents and JSON carry it."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(detail=f"{self.currency} and {other.currency} cannot be added")
        return Money(self.currency, self.minor + other.minor)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.minor)

    def __str__(self) -> str:
        return f"{self.amount:f}"

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Split the amount by whole weights so that the parts always sum to it, to the unit.

        The one definition of a split (design, section 7): cumulative shares cut at 12 digits, parts
        telescoping between the cuts, weights below zero counting as zero. Where all weights are
        zero there is no owner, and the answer is the empty list.
        """
        parts = split_whole(abs(self.minor), weights)
        sign = -1 if self.minor < 0 else 1
        return [Money(self.currency, sign * part) for part in parts]


def split_whole(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number >= 0 by weights; `[]` when there is nothing to weigh by."""
    positive = [max(weight, 0) for weight in weights]
    whole = sum(positive)
    if whole == 0:
        return []
    one = 10**12
    parts: list[int] = []
    running = cut_before = 0
    for weight in positive:
        running += weight
        cut = total * (one * running // whole) // one
        parts.append(cut - cut_before)
        cut_before = cut
    return parts


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum amounts of one currency; an empty sum is zero of that currency."""
    result = Money(currency, 0)
    for amount in amounts:
        result = result + amount
    return result
