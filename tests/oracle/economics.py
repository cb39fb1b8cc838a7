"""What each module of a tenant brings in and costs, and where cost moves from month to month."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from oracle.catalog import Catalog
from oracle.records import MINOR_DIGITS, Answer, Earned, Line
from oracle.split import split
from oracle.terms import month_end

MICRO = 10**6
Key = tuple[str, str, str]
# By what lines are divided: (month, tenant, metric or source, whether it is cost) → module.
Weights = dict[tuple[str, str, str, bool], dict[str, Fraction]]
DIVIDED = {"levy": False, "variable": False, "passthrough": True}  # by use, or by cost


def economise(book: Catalog, result: Answer) -> None:
    """Revenue, cost and margin of each month, tenant and module that has any of them."""
    revenues, costs = divide_lines(result), costs_of(result)
    terms = {(line.period, line.tenant): line.currency for line in result.lines}
    customers = {
        (line.period, line.tenant): line.quantity for line in result.lines if line.kind == "levy"
    }
    for key in revenues.keys() | costs.keys():
        month, tenant, _ = key
        revenue, cost = revenues.get(key, Fraction(0)), costs.get(key, Fraction(0))
        currency = terms.get((month, tenant))
        rate = rate_of(book, currency, f"{month}-01")
        result.earned[key] = judged(currency, revenue, rate, cost, customers.get((month, tenant)))


def rate_of(book: Catalog, currency: str | None, day: str) -> Fraction | None:
    """USD per unit of a currency, where it is known; of nothing, nothing."""
    if currency is None or currency == "USD":
        return Fraction(1)
    return book.price_of(currency, day)


def judged(
    currency: str | None,
    revenue: Fraction,
    rate: Fraction | None,
    cost: Fraction,
    customers: Fraction | None,
) -> Earned:
    in_usd = None if rate is None else revenue * rate
    margin = None if in_usd is None else in_usd - cost
    share = cut(margin / in_usd, MICRO) if margin is not None and in_usd and in_usd > 0 else None
    each = cut(cost / customers, 10**12) if customers else None
    return Earned(currency, revenue, in_usd, cost, margin, share, customers, each)


def cut(number: Fraction, parts: int) -> Fraction:
    """Towards zero."""
    return Fraction(int(number * parts), parts)


# -- revenue by module --------------------------------------------------------------------------


def divide_lines(result: Answer) -> dict[Key, Fraction]:
    """Each line among the modules that brought it about, in minor units."""
    weights = weights_of(result)
    revenues: dict[Key, Fraction] = defaultdict(Fraction)
    for line in result.lines:
        unit = Fraction(1, 10 ** MINOR_DIGITS.get(line.currency, 2))
        for module, part in modules_of(line, weights).items():
            revenues[line.period, line.tenant, module] += part * unit
    return revenues


def modules_of(line: Line, weights: Weights) -> dict[str, int]:
    used = None
    if line.kind in DIVIDED:
        used = weights.get((line.period, line.tenant, line.metric, DIVIDED[line.kind]))
    return split(line.amount_minor, used or {line.module: Fraction(1)})


def weights_of(result: Answer) -> Weights:
    """By which a line is divided: quantities or costs of its month, in whole millionths above zero."""
    sums: Weights = defaultdict(lambda: defaultdict(Fraction))
    for (day, tenant, module, metric), (quantity, _) in result.usage_daily.items():
        sums[day[:7], tenant, metric, False][module] += quantity
    for (day, source, kind, tenant, module, *_), cost in result.attributed.items():
        if kind == "attributed":
            sums[day[:7], tenant, source, True][module] += cost
    whole = {
        key: {module: Fraction((2 * MICRO * used + 1) // 2) for module, used in modules.items()}
        for key, modules in sums.items()
    }
    return {
        key: {module: weight for module, weight in modules.items() if weight > 0}
        for key, modules in whole.items()
    }


def costs_of(result: Answer) -> dict[Key, Fraction]:
    costs: dict[Key, Fraction] = defaultdict(Fraction)
    for (day, _, kind, tenant, module, *_), cost in result.attributed.items():
        if kind == "attributed":
            costs[day[:7], tenant, module] += cost
    return costs


# -- month by month -----------------------------------------------------------------------------


def find_trends(result: Answer) -> None:
    """The cost of each month beside that of the month before, also where it has gone."""
    costs: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for (day, source, kind, tenant, module, resource, *_), cost in result.attributed.items():
        costs[day[:7], source, resource, module, tenant, kind] += cost
    months = {month for month, *_ in costs}
    before = {(month_end(key[0])[:7], *key[1:]): cost for key, cost in costs.items()}
    for key in costs.keys() | {key for key in before if key[0] in months}:
        result.trends[key] = (costs.get(key, Fraction(0)), before.get(key, Fraction(0)))
