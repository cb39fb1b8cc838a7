"""Who owns what AWS charged: deliveries decided, rules asked, pools split, days judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from oracle.records import Answer, Catalog, CostDelivery, Json, JudgedDay

TRILLION = 10**12


def place(delivery: CostDelivery) -> tuple[str, str]:
    return delivery.record["ordered_at"], delivery.record["delivery_id"]


def is_source(book: Catalog, record: Json, day: str) -> bool:
    """Whether this is the source that counts for its payer: one bill, told by two, counts once."""
    keys = (f"cost_source:{record['payer']}", "cost_source")
    chosen = [book.config(key, day) for key in keys if key in book.documents["config"]]
    return chosen[0] == str(record["stream"])


def deciding(book: Catalog, costs: Sequence[CostDelivery], day: str) -> list[CostDelivery]:
    """The deliveries that decide a day: the latest of each scope that nothing later retires."""
    covering = [
        delivery
        for delivery in sorted(costs, key=place)
        if any(total["usage_date"] == day for total in delivery.record["days"])
        and is_source(book, delivery.record, day)
    ]
    winners: dict[tuple[str, str], CostDelivery] = {}
    for delivery in covering:
        family, scope = delivery.record["family"], delivery.record["scope"]
        if delivery.record["replaces"]:
            winners = {key: value for key, value in winners.items() if key[0] != family}
        winners[family, scope] = delivery
    return list(winners.values())


def split(pool: int, weights: Sequence[Fraction]) -> list[int]:
    """The split of the design's section 7, in whole numbers of 10^-12; owners in id order."""
    whole = sum(weights)
    cuts = [0]
    for number in range(1, len(weights) + 1):
        share = TRILLION * sum(weights[:number]) // whole
        cuts.append(abs(pool) * share // TRILLION)
    sign = -1 if pool < 0 else 1
    return [sign * (after - before) for before, after in pairwise(cuts)]


def first_rule(book: Catalog, day: str, tags: Json) -> Json | None:
    for rule in book.rules(day):
        wanted = {name: value for name, value in rule["match"].items() if value}
        if any(tags[name] != value for name, value in wanted.items()):
            continue
        if rule["method"] != "tag" or book.alive("tenant", tags["owner_tag"], day):
            return rule
    return None


def attribute(book: Catalog, costs: Sequence[CostDelivery], result: Answer) -> None:
    days = sorted({total["usage_date"] for cost in costs for total in cost.record["days"]})
    for day in days:
        attribute_day(book, day, deciding(book, costs, day), result)


def attribute_day(book: Catalog, day: str, costs: Sequence[CostDelivery], result: Answer) -> None:
    grains = daily_costs(costs, day)
    owned: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    pools: dict[tuple[str, str, str, str, str], Fraction] = defaultdict(Fraction)
    gap = Fraction(0)
    for (raw_owner, module, service, account), cost in grains.items():
        tags = {
            "owner_tag": book.canonical("owner", raw_owner, day),
            "module_tag": book.canonical("module", module, day),
            "service": service,
            "account": account,
        }
        rule = first_rule(book, day, tags)
        place_of_cost = (tags["module_tag"], f"aws:{service}")
        if rule is None:
            owned["unattributed", "", *place_of_cost, "", "", "no_rule"] += cost
            gap += max(cost, Fraction(0))
        elif rule["method"] == "tag":
            owner = tags["owner_tag"]
            owned["attributed", owner, *place_of_cost, rule["id"], rule["version"], ""] += cost
        elif rule["method"] == "platform":
            owned["kept", "", *place_of_cost, rule["id"], rule["version"], ""] += cost
        else:
            pools[*place_of_cost, rule["id"], rule["version"], rule["metric"]] += cost
            if not weights_of(rule["metric"], day, result):
                gap += max(cost, Fraction(0))
    for pool, cost in pools.items():
        split_pool(pool, cost, weights_of(pool[4], day, result), owned)
    for key, cost in owned.items():
        result.attributed[day, *key] = cost
    charges = sum((max(cost, Fraction(0)) for cost in grains.values()), Fraction(0))
    judge_day(book, day, costs, (charges, gap), result)
    conserve(day, costs, owned, result)


def daily_costs(
    costs: Sequence[CostDelivery], day: str
) -> dict[tuple[str, str, str, str], Fraction]:
    grains: dict[tuple[str, str, str, str], Fraction] = defaultdict(Fraction)
    for delivery in costs:
        for row in delivery.rows:
            if row["usage_date"] == day:
                names = ("owner_tag", "module_tag", "service", "account")
                owner, module, service, account = (row.get(name, "") for name in names)
                grains[owner, module, service, account] += Fraction(row["cost"])
    return grains


def weights_of(metric: str, day: str, result: Answer) -> dict[str, Fraction]:
    """What each tenant used of the metric that day, where it is above zero."""
    weights: dict[str, Fraction] = defaultdict(Fraction)
    for (usage_day, tenant, _, used), (quantity, _) in result.usage_daily.items():
        if (usage_day, used) == (day, metric):
            weights[tenant] += quantity
    return {tenant: weight for tenant, weight in weights.items() if weight > 0}


def split_pool(
    pool: tuple[str, str, str, str, str],
    cost: Fraction,
    weights: dict[str, Fraction],
    owned: dict[tuple[str, ...], Fraction],
) -> None:
    module, resource, rule, version, _ = pool
    key: tuple[str, ...]
    if not weights:
        owned["unattributed", "", module, resource, rule, version, "no_usage"] += cost
        return
    amount = cost * TRILLION
    assert amount.denominator == 1, "costs have at most 12 decimals"
    owners = sorted(weights)
    parts = split(int(amount), [weights[owner] for owner in owners])
    for owner, part in zip(owners, parts, strict=True):
        if part:
            key = ("attributed", owner, module, resource, rule, version, "")
            owned[key] += Fraction(part, TRILLION)


def judge_day(
    book: Catalog,
    day: str,
    costs: Sequence[CostDelivery],
    charges_and_gap: tuple[Fraction, Fraction],
    result: Answer,
) -> None:
    charges, gap = charges_and_gap
    ended = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
    settles = ended + timedelta(hours=int(book.config("settle_hours", day)))
    placed = min(datetime.fromisoformat(delivery.record["ordered_at"]) for delivery in costs)
    settled = settles <= placed
    threshold = Fraction(book.config("unattributed_threshold", day))
    share = Fraction(TRILLION * gap // charges if charges else 0, TRILLION)
    exceeds = settled and gap > threshold * charges
    result.unattributed[day] = JudgedDay(charges, gap, share, threshold, settled, exceeds)


def conserve(
    day: str,
    costs: Sequence[CostDelivery],
    owned: dict[tuple[str, ...], Fraction],
    result: Answer,
) -> None:
    stated = [
        Fraction(total["control_usd"])
        for delivery in costs
        for total in delivery.record["days"]
        if total["usage_date"] == day
    ]
    control = sum(stated, Fraction(0))
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for key, cost in owned.items():
        sums[key[0]] += cost
    parts = sums["attributed"], sums["kept"], sums["unattributed"]
    typed = sum(daily_costs(costs, day).values(), Fraction(0))
    residual = control - sum(parts, Fraction(0))
    result.conservation[day] = (control, typed, *parts, residual)
