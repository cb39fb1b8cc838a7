"""Open months of one tenant each, small enough to be worked out by hand, in the form of a close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Fields = dict[str, Any]
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
MILLION = 10**6


def day(number: int) -> date:
    """A day of the month, from 1."""
    return FIRST + timedelta(days=number - 1)


@dataclass(frozen=True)
class Rate:
    """A price in USD; `tiers` are (up to, price), the last of them without an end."""

    pricing: str = "flat"
    price: str = "0.05"
    included: str = "0"
    size: str = "1"
    tiers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class OpenMonth:
    """A tenant's month: `used` are thousandths and `spent` 10^-12 USD, from the first day on."""

    name: str = "t"
    rate: Rate = field(default_factory=Rate)
    used: Sequence[int] = ()
    spent: Sequence[int] = ()
    minimum: str = ""
    percent: str = ""
    markup: str = "12.5"
    counts: str = "sum"
    counted: str = ""
    starts_on: str = ALWAYS["starts_on"]
    ends_on: str = ALWAYS["ends_on"]
    lines: Sequence[Mapping[str, str]] = ()
    language: str = "en"

    @property
    def quantity(self) -> str:
        """What the month has come to by now."""
        return self.counted or decimal(sum(self.used) * 1000, 6)

    def body(self) -> Fields:
        """The month as a close would freeze it now, with no line but those that were written."""
        own = {"tenant_id": self.name}
        used = own | {"module_id": "", "metric": "calls"}
        spent = own | dict.fromkeys(("module_id", "rule_id"), "") | {
            "source": "aws", "resource_type": "aws:AmazonS3", "rule_version": "1",
        }  # fmt: skip
        return {
            "form": "meterbook.close.2",
            "kind": "invoice",
            "period": "2026-10",
            "account_id": self.name,
            "currency": "USD",
            "minor_digits": "2",
            "lines": [dict(line) for line in self.lines],
            "total": "0.00",
            "usage": [
                used | {"usage_date": str(day(n)), "quantity": decimal(count * 1000, 6)}
                for n, count in enumerate(self.used, start=1)
            ],
            "quantities": [
                own | {"metric": "calls", "visibility": "licensee", "quantity": self.quantity}
            ],
            "costs": [
                spent | {"usage_date": str(day(n)), "cost_usd": decimal(units, 12)}
                for n, units in enumerate(self.spent, start=1)
            ],
            "terms": list(self._terms()),
            "plans": [{"id": f"{self.name}:1", "revision": 1, "document": self._plan()}],
            "metrics": [{"id": "calls", "revision": 1, "document": _metric(self.counts)}],
            "modules": [],
            "config": [],
            "tenants": [{"id": self.name, "revision": 1, "document": self._tenant()}],
            "account": {"id": self.name, "revision": 1, "document": {"language": self.language}},
        }

    def _terms(self) -> list[Fields]:
        def term(what: str, **told: str) -> Fields:
            blank = dict.fromkeys(("version", "place", "amount"), "0")
            return {"term": what, "tenant_id": self.name, "detail": ""} | blank | told

        discount = term(
            "discount", tenant_id="", name="early", amount=self.percent, detail="minimum,variable"
        )
        return [
            term("tenant", name="seller", place="2", detail="USD"),
            term("card", name=self.name, version="1", place="1", amount="31"),
            *([discount] if self.percent else []),
        ]

    def _plan(self) -> Fields:
        rate = {
            "metric": "calls",
            "pricing": self.rate.pricing,
            "included": self.rate.included,
            "unit_price": "0" if self.rate.tiers else self.rate.price,
            "unit_size": self.rate.size,
            "tiers": [
                {"tier": str(n), "up_to": up_to, "unit_price": price}
                for n, (up_to, price) in enumerate(self.rate.tiers, start=1)
            ],
        }
        return ALWAYS | {
            "id": self.name,
            "version": "1",
            "currency": "USD",
            "passthrough": ["aws"],
            "markups": [{"source": "aws", "percent": self.markup}],
            "levy": {},
            "facility_fees": [],
            "minimum": self.minimum,
            "prorate": "",
            "rates": [rate],
        }

    def _tenant(self) -> Fields:
        days = {"starts_on": self.starts_on, "ends_on": self.ends_on}
        plan = {"plan_id": self.name, "plan_version": "1"}
        return days | {"id": self.name, "modules": [], "subscriptions": [plan | days]}


def _metric(counts: str) -> Fields:
    told = {"id": "calls", "name": "Calls", "unit": "call", "visibility": "licensee"}
    return ALWAYS | told | {"aggregation": counts, "counts": "who" if counts == "distinct" else ""}


def decimal(units: int, digits: int) -> str:
    """Whole units of a last decimal as the text of their column."""
    sign, figures = "-" if units < 0 else "", f"{abs(units):0{digits + 1}d}"
    return f"{sign}{figures[:-digits]}.{figures[-digits:]}"


# ---- the slow way ----------------------------------------------------------------------------


def paces(days: Sequence[Fraction], through: int) -> tuple[Fraction, Fraction, Fraction]:
    """By hand: what a day brings in the slowest, the last and the busiest week."""
    whole = [*days[:through], *[Fraction()] * (through - len(days))]
    width = min(7, through)
    means = [sum(whole[n : n + width], Fraction()) / width for n in range(through - width + 1)]
    return tuple(max(mean, Fraction()) for mean in (min(means), means[-1], max(means)))


def at_the_end(days: Sequence[Fraction], through: int, pace: Fraction) -> Fraction:
    """By hand: what is there, and the days that are left, less what they have brought by now."""
    early = max(sum(days[through:], Fraction()), Fraction())
    return sum(days, Fraction()) + max((31 - through) * pace - early, Fraction())


def cut(value: Fraction, digits: int) -> Fraction:
    """The value without what lies beyond its last decimal."""
    return Fraction(value.numerator * 10**digits // value.denominator, 10**digits)


def cents(value: Fraction) -> int:
    """Rounded half away from zero."""
    sign = -1 if value < 0 else 1
    return sign * ((200 * abs(value) + 1) // 2).__floor__()


def bill(month: OpenMonth, quantity: Fraction, cost: Fraction) -> Fraction:
    """By hand: what the month's plan asks for a quantity and a cost, in USD."""
    variable = _variable(month.rate, max(quantity - Fraction(month.rate.included), Fraction()))
    least = cents(Fraction(month.minimum or 0))
    charged = max(variable, least)
    discount = cents(Fraction(charged, 100) * Fraction(month.percent or 0) / 100)
    passed = cents(cost * (100 + Fraction(month.markup)) / 100)
    return Fraction(charged - discount + passed, 100)


def _variable(rate: Rate, beyond: Fraction) -> int:
    size = Fraction(rate.size)
    if rate.pricing == "flat":
        return cents(beyond * Fraction(rate.price) / size)
    if rate.pricing == "package":
        return cents(-(-beyond // size) * Fraction(rate.price))
    bounds = [(Fraction(up_to) if up_to else None, Fraction(price)) for up_to, price in rate.tiers]
    if rate.pricing == "volume":
        price = next(price for up_to, price in bounds if up_to is None or beyond <= up_to)
        return cents(beyond * price / size)
    total, below = 0, Fraction()
    for up_to, price in bounds:
        top = beyond if up_to is None else min(beyond, up_to)
        total += cents(max(top - below, Fraction()) * price / size)
        below = top if up_to is None else up_to
    return total
