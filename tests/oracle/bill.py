"""The lines of one tenant and month, as they are written: each rounded once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from oracle.records import KINDS, MINOR_DIGITS, Answer, Json, Line
from oracle.terms import Account, Terms, days_of

COUNTING = ("levy", "facility", "variable")  # towards a minimum
NOTHING = Fraction(0)


def round_to_minor(amount: Fraction, currency: str) -> int:
    """Minor units, half away from zero."""
    minor = abs(amount) * 10 ** MINOR_DIGITS.get(currency, 2)
    return (-1 if amount < 0 else 1) * int((2 * minor + 1) // 2)


def as_amount(minor: int, currency: str) -> Fraction:
    return Fraction(minor, 10 ** MINOR_DIGITS.get(currency, 2))


@dataclass
class Bill:
    """A tenant's month; what is priced in another currency than the account's is not on it."""

    terms: Terms
    account: Account
    result: Answer
    lines: list[Line] = field(default_factory=list)

    def facility(self, module: str, active_days: int) -> None:
        for plan in self.terms.plans:
            for fee in plan["facility_fees"]:
                if fee["module_id"] == module:
                    self._fee(plan, module, Fraction(fee["fee"]), active_days)
                    return

    def _fee(self, plan: Json, module: str, fee: Fraction, active_days: int) -> None:
        days, size, pricing = 1, 1, "fee"
        if plan.get("prorate") == "daily" and active_days < days_of(self.terms.month):
            days, size, pricing = active_days, days_of(self.terms.month), "daily"
        self._write("facility", plan, fee * days / size, pricing, module=module,
                    quantity=Fraction(days), billable=Fraction(days), unit_price=fee,
                    unit_size=size)  # fmt: skip

    def metered(self, kind: str, plan: Json, rate: Json, used: Fraction) -> None:
        """A levy has nothing included; what is used is billed beyond what is."""
        included = Fraction(rate.get("included", "0"))
        size, pricing = int(rate["unit_size"]), rate.get("pricing", "flat")
        for tier, billable, price in tiers_of(rate, pricing, max(NOTHING, used - included)):
            self._write(kind, plan, billable * price / size, pricing, metric=rate["metric"],
                        tier=tier, quantity=used, included=included, billable=billable,
                        unit_price=price, unit_size=size)  # fmt: skip

    def passthrough(self, source: str, cost: Fraction) -> None:
        plan, rate = self.terms.plans[0], self.terms.usd_per_unit
        markup = sum((Fraction(one["percent"]) for one in plan.get("markups", [])
                      if one["source"] == source), NOTHING)  # fmt: skip
        if rate is not None:
            self._write("passthrough", plan, cost * (1 + markup / 100) / rate, "cost",
                        metric=source, cost=cost, markup=markup, usd_per_unit=rate)  # fmt: skip

    def raise_to_minimum(self) -> None:
        """The least that a month comes to, a part of it for a part of the month."""
        if not self.terms.cards:
            return
        card, month = self.terms.cards[0], self.terms.month
        least, days, size = Fraction(card.plan.get("minimum") or 0), 1, 1
        if card.plan.get("prorate") == "daily" and card.days < days_of(month):
            days, size = card.days, days_of(month)
        base = round_to_minor(least * days / size, self.account.currency)
        short = base - sum(line.amount_minor for line in self.lines if line.kind in COUNTING)
        if short > 0 and least:
            self._write("minimum", card.plan, as_amount(short, self.account.currency), "minimum",
                        quantity=Fraction(days), billable=Fraction(days), unit_price=least,
                        unit_size=size, base=as_amount(base, self.account.currency))  # fmt: skip

    def deduct(self) -> None:
        """Discounts, each of what stands on the bill, while there is any; then the credits."""
        currency, lines = self.account.currency, [*self.lines]
        left = sum(line.amount_minor for line in lines if line.kind != "passthrough")
        for discount in sorted(self.terms.discounts, key=lambda one: one.id):
            kinds = (line.amount_minor for line in lines if line.kind in discount.kinds)
            if base := as_amount(sum(kinds), currency):
                off = min(round_to_minor(base * discount.percent / 100, currency), left)
                left -= off
                self._write("discount", None, -as_amount(off, currency), "percent",
                            metric=discount.id, base=base, percent=discount.percent)  # fmt: skip
        for name, amount in self.terms.credits.items():
            base = as_amount(round_to_minor(amount, currency), currency)
            self._write("credit", None, -base, "amount", metric=name, base=base)

    def _write(
        self,
        kind: str,
        plan: Json | None,
        amount: Fraction,
        pricing: str,
        *,
        module: str = "",
        metric: str = "",
        tier: int = 1,
        quantity: Fraction = NOTHING,
        included: Fraction = NOTHING,
        billable: Fraction = NOTHING,
        unit_price: Fraction = NOTHING,
        unit_size: int = 1,
        cost: Fraction = NOTHING,
        markup: Fraction = NOTHING,
        usd_per_unit: Fraction = NOTHING,
        base: Fraction = NOTHING,
        percent: Fraction = NOTHING,
    ) -> None:
        currency, month, tenant = self.account.currency, self.terms.month, self.terms.tenant
        if plan and plan["currency"] != currency:
            return  # the account is parked: it is billed in another currency
        minor = round_to_minor(amount, currency)
        name = f"{plan['id']}:{plan['version']}" if plan else ":0"
        line = Line(
            month, self.account.id, tenant, kind, module, metric, tier, name, currency, pricing,
            quantity, included, billable, unit_price, unit_size, cost, markup, usd_per_unit, base,
            percent, minor,
        )  # fmt: skip
        self.lines.append(line)
        self.result.lines.append(line)
        sums = self.result.totals.setdefault((month, tenant, currency), dict.fromkeys(KINDS, 0))
        sums[kind] += minor
        sums["total"] += minor


def tiers_of(
    rate: Json, pricing: str, billable: Fraction
) -> Iterator[tuple[int, Fraction, Fraction]]:
    """Tier, what is billed in it, and its price; of nothing, nothing in the first."""
    size = int(rate["unit_size"])
    if pricing in ("flat", "package"):
        packages = math.ceil(billable / size) * Fraction(size)
        yield 1, packages if pricing == "package" else billable, Fraction(rate["unit_price"])
        return
    reached = []
    start = NOTHING
    for tier in rate["tiers"]:
        end = Fraction(tier["up_to"]) if tier["up_to"] else max(billable, start)
        if billable > start or start == 0:
            reached.append(
                (int(tier["tier"]), min(billable, end) - start, Fraction(tier["unit_price"]))
            )
        start = end
    if pricing == "volume":
        yield reached[-1][0], billable, reached[-1][2]
    else:
        yield from reached
