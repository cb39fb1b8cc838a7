"""Who owns what was charged: three sources in one grain, rules asked, pools split, days judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from oracle.catalog import Catalog
from oracle.credits import control_of_credits, cost_of_credits
from oracle.deciding import deciding, is_settled
from oracle.records import Answer, Delivered, Json, JudgedDay
from oracle.split import TRILLION, split

SPLITS = ("usage_share", "fixed_share", "even")


class Grain(NamedTuple):
    """A cost of a day, before anyone asks what its tags mean."""

    source: str
    payer: str
    owner_tag: str
    module_tag: str
    service: str
    account: str


class Place(NamedTuple):
    """What a cost is called in the end, whoever owns it."""

    source: str
    module: str
    resource: str


class Share(NamedTuple):
    """Who has a cost and by which rule: a row of the day but for its amount."""

    source: str
    disposition: str
    tenant: str
    module: str
    resource: str
    method: str
    rule: str
    version: str
    reason: str


Costs = dict[Grain, Fraction]
Owned = dict[Share, Fraction]


def attribute(book: Catalog, result: Answer) -> None:
    for day in sorted(result.covered):
        covered = result.covered[day]
        bills = deciding(
            book, [one for one in covered if one.delivery.record["stream"] != "account_usage"], day
        )
        costs = daily_costs(book, bills, day) | credit_costs(book, day, result)
        owned, gap = own(book, day, costs, result)
        for share, cost in owned.items():
            result.attributed[day, *share] = cost
        if any(source_of(bill) == "aws" for bill in bills):
            judge_day(book, day, bills, costs, gap, result)
        conserve(book, day, bills, costs, owned, result)


# -- what was charged ---------------------------------------------------------------------------


def source_of(bill: Delivered) -> str:
    return "external" if bill.record["stream"] == "external_cost" else "aws"


def is_amortized(book: Catalog, day: str) -> bool:
    return book.config("cost_metric", day, "unblended") == "amortized"


def daily_costs(book: Catalog, bills: Sequence[Delivered], day: str) -> Costs:
    costs: Costs = defaultdict(Fraction)
    wanted = "amortized_cost" if is_amortized(book, day) else "cost"
    for bill in bills:
        for row in bill.rows_of(day):
            names = ("owner_tag", "module_tag", "service", "account")
            tags = (row.get(name) or "" for name in names)
            cost = Fraction(row[wanted] if wanted in row else row["cost"])
            costs[Grain(source_of(bill), bill.record["payer"], *tags)] += cost
    return costs


def credit_costs(book: Catalog, day: str, result: Answer) -> Costs:
    if day not in result.credits:
        return {}
    return {
        Grain("snowflake", "", owner, "", kind, warehouse): cost
        for (owner, warehouse, kind), cost in cost_of_credits(book, day, result).items()
    }


# -- who owns it --------------------------------------------------------------------------------


def own(book: Catalog, day: str, costs: Costs, result: Answer) -> tuple[Owned, Fraction]:
    """Every cost with its owner, and the positive charges of AWS that have none."""
    owned: Owned = defaultdict(Fraction)
    pools: dict[tuple[Place, str, str], Fraction] = defaultdict(Fraction)
    rules = {(rule["id"], rule["version"]): rule for rule in book.rules(day)}
    weights = {key: weights_of(book, rule, day, result) for key, rule in rules.items()}
    gap = Fraction(0)
    for grain, cost in costs.items():
        tags = meaning(book, grain, day)
        place = Place(grain.source, tags["module_tag"], resource_type(grain, tags["service"]))
        rule = first_rule(book, list(rules.values()), day, tags)
        if rule and rule["method"] in SPLITS:
            key = rule["id"], rule["version"]
            pools[place, *key] += cost
            has_owner = owned_part(cost, weights[key], owners_alive(book, rule, weights[key], day))
        else:
            owned[decided(rule, tags["owner_tag"], place)] += cost
            has_owner = cost if rule else Fraction(0)
        if grain.source == "aws" and cost > 0:
            gap += cost - has_owner
    for (place, *rule_key), cost in pools.items():
        key = rule_key[0], rule_key[1]
        split_pool(book, day, place, rules[key], weights[key], cost, owned)
    return owned, gap


def owned_part(
    cost: Fraction, weights: dict[str, Fraction], alive: dict[str, Fraction]
) -> Fraction:
    """What of a charge goes to owners who are tenants, cut to whole 10^-12 USD."""
    if not any(weights.values()):
        return Fraction(0)
    spans = split(TRILLION, weights)
    share = sum(spans[owner] for owner in alive)
    return Fraction(int(cost * share), TRILLION)


def meaning(book: Catalog, grain: Grain, day: str) -> Json:
    """The tags of a cost by the names that rules know."""
    return {
        "source": grain.source,
        "owner_tag": book.canonical("owner", grain.owner_tag, day),
        "module_tag": book.canonical("module", grain.module_tag, day),
        "service": book.canonical("service", grain.service, day),
        "account": grain.account,
    }


def resource_type(grain: Grain, service: str) -> str:
    named = {"aws": service, "external": grain.payer, "snowflake": grain.service}
    return f"{grain.source}:{named[grain.source]}"


def first_rule(book: Catalog, rules: Sequence[Json], day: str, tags: Json) -> Json | None:
    for rule in rules:
        wanted = {name: value for name, value in rule["match"].items() if value}
        if any(tags[name] != value for name, value in wanted.items()):
            continue
        if rule["method"] != "tag" or book.alive("tenant", tags["owner_tag"], day):
            return rule
    return None


def decided(rule: Json | None, owner: str, place: Place) -> Share:
    """A cost that is not split: its tag's, the operator's, or nobody's."""
    if rule is None:
        return Share(place.source, "unattributed", "", *place[1:], "none", "", "", "no_rule")
    kept = rule["method"] == "platform"
    disposition, tenant = ("kept", "") if kept else ("attributed", owner)
    named = rule["method"], rule["id"], rule["version"]
    return Share(place.source, disposition, tenant, *place[1:], *named, "")


def weights_of(book: Catalog, rule: Json, day: str, result: Answer) -> dict[str, Fraction]:
    match rule["method"]:
        case "usage_share":
            return used_that_day(rule["metric"], day, result)
        case "fixed_share":
            return {share["tenant_id"]: Fraction(share["share"]) for share in rule["shares"]}
        case "even":
            everyone = rule["tenants"] or list(book.all_alive("tenant", day))
            return dict.fromkeys(everyone, Fraction(1))
    return {}


def used_that_day(metric: str, day: str, result: Answer) -> dict[str, Fraction]:
    weights: dict[str, Fraction] = defaultdict(Fraction)
    for (tenant, used), quantity in result.used_on(day).items():
        if used == metric:
            weights[tenant] = max(quantity, Fraction(0))
    return weights


def owners_alive(
    book: Catalog, rule: Json, weights: dict[str, Fraction], day: str
) -> dict[str, Fraction]:
    """Whoever can own a part; usage was judged by rules of its own."""
    if rule["method"] == "usage_share":
        return weights
    return {owner: weight for owner, weight in weights.items() if book.alive("tenant", owner, day)}


def split_pool(
    book: Catalog,
    day: str,
    place: Place,
    rule: Json,
    weights: dict[str, Fraction],
    cost: Fraction,
    owned: Owned,
) -> None:
    named = *place[1:], rule["method"], rule["id"], rule["version"]
    reason = "no_usage" if rule["method"] == "usage_share" else "no_tenant"
    nobody = Share(place.source, "unattributed", "", *named, reason)
    if not any(weights.values()):
        owned[nobody] += cost
        return
    amount = cost * TRILLION
    assert amount.denominator == 1, "costs have at most 12 decimals"
    known = owners_alive(book, rule, weights, day)
    for owner, part in split(int(amount), weights).items():
        whose = Share(place.source, "attributed", owner, *named, "") if owner in known else nobody
        if part:
            owned[whose] += Fraction(part, TRILLION)


# -- how much has no owner ----------------------------------------------------------------------


def judge_day(
    book: Catalog,
    day: str,
    bills: Sequence[Delivered],
    costs: Costs,
    gap: Fraction,
    result: Answer,
) -> None:
    charged = (cost for grain, cost in costs.items() if grain.source == "aws" and cost > 0)
    charges = sum(charged, Fraction(0))
    told = min(bill.record["ordered_at"] for bill in bills if source_of(bill) == "aws")
    settled = is_settled(book, told, day)
    threshold = Fraction(book.config("unattributed_threshold", day))
    share = Fraction(TRILLION * gap // charges if charges else 0, TRILLION)
    exceeds = settled and gap > threshold * charges
    result.unattributed[day] = JudgedDay(charges, gap, share, threshold, settled, exceeds)


# -- whether it is all there --------------------------------------------------------------------


def controls_of(
    book: Catalog, day: str, bills: Sequence[Delivered], result: Answer
) -> dict[str, Fraction]:
    """What each source that covers the day says that it cost."""
    controls: dict[str, Fraction] = defaultdict(Fraction)
    wanted = "amortized_usd" if is_amortized(book, day) else "control_usd"
    for bill in bills:
        total = bill.total(day)
        controls[source_of(bill)] += Fraction(
            total[wanted] if wanted in total else total["control_usd"]
        )
    billed = control_of_credits(book, day, result)
    if day in result.credit_days and billed is not None:
        controls["snowflake"] = billed
    return controls


def conserve(
    book: Catalog,
    day: str,
    bills: Sequence[Delivered],
    costs: Costs,
    owned: Owned,
    result: Answer,
) -> None:
    for source, control in controls_of(book, day, bills, result).items():
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for share, cost in owned.items():
            if share.source == source:
                sums[share.disposition] += cost
                if share.disposition == "attributed" and share.method in SPLITS:
                    sums["split"] += cost
        typed = sum((cost for grain, cost in costs.items() if grain.source == source), Fraction(0))
        residual = control - sums["attributed"] - sums["kept"] - sums["unattributed"]
        parts = (sums[name] for name in ("attributed", "split", "kept", "unattributed"))
        result.conservation[day, source] = (control, typed, *parts, residual)
