"""Tenants with a card of twenty-four prices, half of them by volume: what rating is measured with.

Prices are sixteenths, and their steps fractions of two: a database that keeps numbers as floats
keeps these exactly, and no rounding but that of the line is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

METRICS = 24
# Where a price by volume changes, and what it is times then. No quantity of ours is just there.
STEPS = ((Decimal("100.0005"), Decimal("0.75")), (Decimal("500.0005"), Decimal("0.5")))

Prices = Mapping[str, Sequence[tuple[str, str]]]


def prices() -> Prices:
    """Of each metric the prices, and beyond which quantity each holds for all of it."""
    return {_metric(n): list(_steps(n)) for n in range(1, METRICS + 1)}


def _steps(number: int) -> Iterator[tuple[str, str]]:
    first = Decimal(number) / 16
    yield "0", str(first)
    if number % 2:
        yield from ((str(above), str(first * times)) for above, times in STEPS)


def amount(quantity: Decimal, steps: Sequence[tuple[str, str]]) -> Decimal:
    """What a quantity costs, to the cent."""
    held = [Decimal(price) for above, price in steps if quantity > Decimal(above)]
    return (quantity * held[-1] if held else Decimal()).quantize(Decimal("0.01"), ROUND_HALF_UP)


def documents(tenants: Sequence[str], units: Sequence[str]) -> Iterator[str]:
    """A catalog in which each tenant has the card, and an account of its own that pays."""
    yield "kind: seller\nid: seller\nname: Seller\ninvoice_series: BENCH\n"
    for number in range(1, METRICS + 1):
        unit = units[(number - 1) % len(units)]
        yield f"kind: metric\nid: {_metric(number)}\nunit: {unit}\n"
    yield _plan()
    for tenant in tenants:
        yield f"kind: tenant\nid: {tenant}\nsubscriptions: [{{plan: card, version: 1}}]\n"
        yield (
            f"kind: account\nid: pays-{tenant}\nname: {tenant}\nseller: seller\ncurrency: EUR\n"
            f"payment_days: 30\ntenants: [{tenant}]\n"
        )


def _plan() -> str:
    rates = "".join(f"  - {{{_rate(metric, steps)}}}\n" for metric, steps in prices().items())
    return f"kind: plan\nid: card\nversion: 1\ncurrency: EUR\nrates:\n{rates}"


def _rate(metric: str, steps: Sequence[tuple[str, str]]) -> str:
    if len(steps) == 1:
        return f"metric: {metric}, included: 0, unit_price: {steps[0][1]}"
    ends = [f"up_to: {above}, " for above, _ in steps[1:]] + [""]
    tiers = (f"{{{end}unit_price: {price}}}" for end, (_, price) in zip(ends, steps, strict=True))
    return f"metric: {metric}, included: 0, pricing: volume, tiers: [{', '.join(tiers)}]"


def _metric(number: int) -> str:
    return f"metric_{number:02d}"
