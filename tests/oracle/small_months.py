"""Hundreds of months that are small and nasty, side by side in one book.

Each is a world of its own: tenants, rules, aliases, rates and warehouses that hold in it alone, a few
days, a few dozen amounts that are tiny, huge, refunded or nothing. The deliveries go across: each
tells some days of some months, restates, halves, replaces, waits for a person, or never becomes
whole. All of it comes in two parts, and the second tells the first one's months again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from oracle.landed import land_catalog, land_events
from oracle.month_costs import CostPiece, amortized, land_cost
from oracle.month_credits import Export, any_export, land_export
from oracle.month_parts import (
    ALWAYS,
    FOREVER,
    Pick,
    aliases,
    document,
    event,
    rule,
    shares,
    spans,
)
from oracle.months import Piece
from oracle.records import Json

AMOUNTS = (
    "1E-12", "-1E-12", "0", "0.000000000000", "4E-10", "1.05E-8", "0.333333333333", "-0.1", "-2.5",
    "1", "7", "12.000000000001", "99.9999999999", "-1234.56789", "1234567.890123456789", "5000000", "+.5", "5.", "1e2", "0.000000999999", "-0.999999999999", "99999.000001",
)  # fmt: skip
FRACTIONS = (("1",), ("0.5", "0.5"), ("0.333333", "0.333333", "0.333334"), ("0.000001", "0.999999"))
OWNERS = ("pool", "Pool", "P-O-O-L", "ops", "", "nobody", ".", "ÄR GER")
SERVICES = ("EC2", "S3", "amazon ec2", "idle", "geo")
WAREHOUSES = (("WH",), ("WH", "wh 2"))
# Which sources a plan passes on, whether it prices credits too, and what else it says.
TIERS = [("1", "3", "0.4"), ("2", "1000000", "0.000001"), ("3", "", "12.345678")]
PLANS: dict[str, tuple[list[str], bool, Json]] = {
    "none": ([], True, {"minimum": "12.34", "prorate": "daily"}),
    "aws": (["aws"], True, {"pricing": "graduated", "minimum": "3", "prorate": ""}),
    "others": (["aws", "external"], True, {"pricing": "volume", "markup": "12.5"}),
    "all": (["aws", "external", "snowflake"], False, {"pricing": "package", "markup": "0.07"}),
}
EVERY = ["facility", "levy", "minimum", "variable"]
DISCOUNTS: tuple[list[tuple[str, str, list[str]]], ...] = (
    [], [("a", "7.5", EVERY)], [("a", "33.333333", ["minimum"]), ("b", "50", ["variable"])],
    [("b", "50", EVERY), ("a", "50", EVERY)],
)  # fmt: skip


@dataclass(eq=False)
class Month:
    """A month of a book under construction: its span, its people, its documents."""

    name: str
    first: datetime
    tenants: list[str] = field(default_factory=list)
    catalog: list[Json] = field(default_factory=list)
    values: dict[tuple[str, str], list[Json]] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def span(self) -> Json:
        return {"starts_on": f"{self.first:%Y-%m-%d}", "ends_on": f"{self.end:%Y-%m-%d}"}

    @property
    def days(self) -> list[str]:
        """Three days at its start and its last one."""
        last = (self.end - self.first).days - 1
        return [self.day(number) for number in (0, 1, 2, last)]

    def day(self, number: int) -> str:
        return f"{self.first + timedelta(days=number):%Y-%m-%d}"

    def at(self, days: int) -> str:
        """A moment so many days after the month has begun."""
        return (self.first + timedelta(days=days)).isoformat()

    def own(self, name: str) -> str:
        return f"{self.name}.{name}"


def small_months(pick: Pick[Any], start: datetime, count: int) -> list[list[Piece]]:
    """So many calendar months on end, in two parts, as pieces to be landed."""
    months, first = [], start
    for number in range(count):
        months.append(Month(f"m{number:03}", first))
        first = months[-1].end
    half = count // 2
    return [
        part_of(pick, 1, months[:half], months[:half]),
        part_of(pick, 2, months[half:], months),
    ]


def part_of(
    pick: Pick[Any], number: int, news: Sequence[Month], known: Sequence[Month]
) -> list[Piece]:
    for month in news:
        settle(pick, month)
    rows = [row for month in news for row in month.catalog] + settings_of(known)
    events = [told for month in news for told in usage_of(pick, month)]
    return [
        partial(land_catalog, revision=number, rows=rows + (common() if number == 1 else [])),
        partial(land_events, name=f"usage-{number}", events=events),
        *(partial(land_cost, piece=piece) for piece in costs_of(pick, number, news, known)),
        *(partial(land_export, export=one) for one in exports_of(pick, number, news, known)),
    ]


# -- the catalog --------------------------------------------------------------------------------


def common() -> list[Json]:
    """What all months share: metrics, and plans that pass on some sources, all or none."""

    def metric(key: str, unit: str) -> Json:
        body = {"id": key, "name": key, "unit": unit, "aggregation": "sum", "counts": "",
                "conversions": [], "visibility": "internal" if key == "work" else "licensee",
                "domain": "test"}  # fmt: skip
        return document("metric", key, body)

    def plan(key: str, passthrough: list[str], is_metered: bool, more: Json) -> Json:
        price = {"included": "0.5", "unit_price": "1.005", "unit_size": "1"}
        tiers = [dict(zip(("tier", "up_to", "unit_price"), tier, strict=True)) for tier in TIERS]
        calls = {"metric": "calls", **price, "pricing": more.get("pricing", "flat"), "tiers": tiers}
        credits = [{"metric": "snowflake_credits", **price}] if is_metered else []
        markups = [{"source": "aws", "percent": more.get("markup", "0")}]
        body = {"id": key, "version": "1", "currency": "USD", "passthrough": passthrough, "levy": {},
                "facility_fees": [], "rates": [calls, *credits], "markups": markups, **more}  # fmt: skip
        return document("plan", f"{key}:1", body)

    units = {"work": "second", "calls": "call", "snowflake_credits": "credit"}
    return [
        *(metric(key, unit) for key, unit in units.items()),
        *(plan(key, *terms) for key, terms in PLANS.items()),
    ]


def settings_of(months: Sequence[Month]) -> list[Json]:
    """Settings and rates with a value of each month's own."""
    values: dict[tuple[str, str], list[Json]] = defaultdict(list)
    values["config", "settle_hours"] = spans({"value": "48"})
    values["config", "cost_source"] = spans({"value": "cur"})
    for month in months:
        for key, told in month.values.items():
            values[key] += told
    return [
        document(kind, key, {"id": key, "values": told}) for (kind, key), told in values.items()
    ]


def settle(pick: Pick[Any], month: Month) -> None:
    """Draw who there is in a month and by which rules."""
    month.tenants = [
        month.own(name) for name in ("9", "Z", "a", "a-b", "a_b")[: pick((1, 2, 3, 5))]
    ]
    begins = month.day(pick((0, 0, 1)))  # on the first day of some months there is nobody
    month.catalog += [tenant_of(pick, month, name, begins) for name in month.tenants]
    links = spans(*({"tenant_id": name} for name in month.tenants))
    account = {"id": month.name, "name": "x", "seller": "s", "currency": "USD", "tenants": links}
    lets_off = {"discounts": discounts_of(pick, month), "credits": credits_of(pick, month)}
    month.catalog.append(document("account", month.name, {**account, **lets_off, **month.span}))
    month.catalog += [*rules_of(pick, month), *aliases_of(pick, month), *warehouses_of(pick, month)]
    chosen = {
        ("config", "unattributed_threshold"): pick(("0.02", "0", "0.5")),
        ("config", "cost_metric"): pick(("", "unblended", "amortized", "amortized")),
        ("config", "cost_source:p"): pick(("", "cur", "aws_cost")),
        ("cost_rate", "snowflake_credit"): pick(("2.5", "3.0", "0.000001", "1.999999", "")),
    }
    month.values = {key: [{"value": value, **month.span}] for key, value in chosen.items() if value}


def discounts_of(pick: Pick[Any], month: Month) -> list[Json]:
    """Discounts, some of which begin with the second day: for newcomers alone that is in time."""
    starts_on = pick((ALWAYS, ALWAYS, month.day(1)))
    return [
        {"id": key, "percent": percent, "kinds": kinds, "starts_on": starts_on, "ends_on": FOREVER}
        for key, percent, kinds in pick(DISCOUNTS)
    ]


def credits_of(pick: Pick[Any], month: Month) -> list[Json]:
    """Credits of this month or the next, in which nobody has the account any more."""
    period = pick((f"{month.first:%Y-%m}", f"{month.end:%Y-%m}"))
    return [
        {"id": "c", "tenant_id": tenant, "period": period, "amount": pick(("0.01", "2.5", "99999"))}
        for tenant in month.tenants
        if pick((True, False, False))
    ]


def tenant_of(pick: Pick[Any], month: Month, name: str, begins: str) -> Json:
    """A tenant of the month, who may come on its second day or leave on its third."""
    plan = {"plan_id": pick(tuple(PLANS)), "plan_version": "1", **month.span}
    span = {**month.span, "starts_on": begins} | pick(
        ({}, {}, {}, {"starts_on": month.day(1)}, {"ends_on": month.day(2)})
    )
    body = {"id": name, "name": name, "modules": [], "subscriptions": [plan]}
    return document("tenant", name, {**body, **span})


def rules_of(pick: Pick[Any], month: Month) -> list[Json]:
    """A tag rule and some others, in any order; some change on the second day."""
    owners = ("", "", "pool", "ops", month.tenants[0])
    rules = [rule(f"{month.own('tag')}:1", pick((5, 50)), "tag", **month.span)]
    for number in range(pick((1, 2, 4, 6))):
        match = {
            "source": pick(("", "", "aws", "snowflake", "external")),
            "owner_tag": pick(owners),
            "module_tag": pick(("", "", "", "front")),
            "service": pick(("", "", "", "EC2", "idle")),
            "account": pick(("", "", "", "100")),
        }
        position = pick((1, 5, 10, 90))
        for version in range(1, pick((2, 2, 3))):
            begins = {**month.span, "starts_on": month.day(version - 1)}
            rules.append(any_rule(pick, month, f"{month.own(f'r{number}')}:{version}", position,
                                  match=match, **begins))  # fmt: skip
    return rules


def any_rule(pick: Pick[Any], month: Month, key: str, position: int, **more: Any) -> Json:
    people = [*month.tenants, month.own("ghost")]
    method = pick(("platform", "usage_share", "usage_share", "fixed_share", "even", "tag"))
    parts = {pick(people): "1"}
    chosen = pick(FRACTIONS)
    if len(chosen) <= len(people):
        parts = dict(zip(people[-len(chosen) :], chosen, strict=True))
    terms: dict[str, Json] = {
        "usage_share": {"metric": pick(("work", "calls"))},
        "fixed_share": {"shares": shares(parts)},
        "even": {"tenants": pick(([], [], [], people, people[:1], people[-1:]))},
    }
    return rule(key, position, method, **terms.get(method, {}), **more)


def aliases_of(pick: Pick[Any], month: Month) -> list[Json]:
    """Aliases that are exact, folded, in each other's way, or not there."""
    named = {
        "Team A": month.tenants[0],
        "POOL": "pool",
        "Nobody": month.tenants[-1],
        "är-ger": "ops",
        "_": "pool",
    }
    listed = [
        aliases(month.own("owner"), "owner", named, fold=pick((True, False)), **month.span),
        aliases(month.own("a-owner"), "owner", {"Pool": "ops", "": "pool"}, **month.span),
        aliases(month.own("module"), "module", {"Fr-ont": "front"}, fold=True, **month.span),
        aliases(month.own("service"), "service", {"Amazon_EC2": "EC2", "S3": "EC2"}, fold=pick((True, False)), **month.span),
    ]  # fmt: skip
    return [one for one in listed if pick((True, True, False))]


def warehouses_of(pick: Pick[Any], month: Month) -> list[Json]:
    people = ("", *month.tenants, "pool")
    names = [month.own(name) for name in WAREHOUSES[-1]]
    made = [
        document("warehouse", name, {"id": name, **month.span, "dedicated_to": pick(("", "", *people)),
                                     "otherwise": pick(people)})
        for name in names
        if pick((True, False))
    ]  # fmt: skip
    told = {"query_tag": ("team-a", "acme"), "role": ("LOADER",), "user": ("ADA", "BOB")}
    for by, values in told.items():
        owners = spans(*({"value": value, "owner": pick(people[1:])} for value in values))
        body = {"id": month.own(by), "by": by, "owners": owners, **month.span}
        made += [document("query_owners", month.own(by), body)] if pick((True, False)) else []
    return made


# -- the facts ----------------------------------------------------------------------------------


def usage_of(pick: Pick[Any], month: Month) -> list[Json]:
    """What the tenants did, from noon: a tenant who comes in the middle of a day has all its share."""
    return [
        event(
            f"{tenant}-{number}-{metric}",
            tenant,
            metric,
            f"{pick(month.days)}T12:00:00Z",
            pick(("0", "0.000001", "1", "3", "33.333333", "1000000.5")),
            "second" if metric == "work" else "call",
        )
        for tenant in month.tenants
        for metric in ("work", "calls")
        for number in range(pick((0, 1, 2)))
    ]


def costs_of(
    pick: Pick[Any], number: int, news: Sequence[Month], known: Sequence[Month]
) -> list[CostPiece]:
    """A bill of all that is new, what later ones make of it, Cost Explorer's, other providers'."""

    def anew(key: str, stream: str, payer: str, **more: Any) -> CostPiece:
        told = {month: restated(pick, month.days) for month in known if pick((True, False))}
        return bill(pick, f"{key}-{number}", stream, payer, told, moment(pick, known), **more)

    whole = {month: month.days for month in news}
    return [
        bill(pick, f"c0-{number}", "cur", "p", whole, moment(pick, known), most=3),
        *(
            anew(f"c{count}", "cur", "p", suffix=pick(("", "", "", ":added")),
                 replaces=pick((True, False, False, False)), cut=pick((True, False, False, False)),
                 accepted=pick((True, False, False)))
            for count in range(1, 7)
        ),
        *(anew(f"x{count}", "aws_cost", "p") for count in range(2)),
        *(anew(f"e{count}", "external_cost", pick(("maps", "post"))) for count in range(3)),
    ]  # fmt: skip


def moment(pick: Pick[Any], known: Sequence[Month]) -> str:
    """When a delivery was told: mostly late, sometimes just as a day of some month settles."""
    return pick((known[0], known[-1], known[-1], pick(known))).at(pick((2, 3, 4, 5, 36, 41)))


def restated(pick: Pick[Any], days: Sequence[str]) -> Sequence[str]:
    return pick((days[:1], days[1:3], days[-1:], days))


def bill(
    pick: Pick[Any],
    key: str,
    stream: str,
    payer: str,
    told: Mapping[Month, Sequence[str]],
    placed: str,
    most: int = 1,
    **more: Any,
) -> CostPiece:
    """A delivery of at most so many rows a day; of some days it says that there was nothing."""
    days = [(month, day) for month, days in told.items() for day in days]
    rows = [cost_row(pick, *day) for day in days for _ in range(pick(range(most + 1)))]
    rows = amortized(pick, rows) if pick((True, False)) else rows
    return CostPiece(key, stream, payer, placed, tuple(day for _, day in days), rows, **more)


def cost_row(pick: Pick[Any], month: Month, day: str) -> Json:
    row = {
        "usage_date": day,
        "cost": pick(AMOUNTS),
        "currency": "USD",
        "service": pick(SERVICES),
        "account": pick(("100", "200")),
        "owner_tag": pick((*OWNERS, "team a", "TEAM-A", *month.tenants)),
        "module_tag": pick(("front", "Front", "FR ONT", "")),
    }
    return {name: value for name, value in row.items() if value or pick((True, False))}


def exports_of(
    pick: Pick[Any], number: int, news: Sequence[Month], known: Sequence[Month]
) -> list[Export]:
    """The credits of most new months, and some days of some known ones again, not always whole."""
    return [
        export(pick, f"s0-{number}", moment(pick, known),
               {month: month.days[:2] for month in news if pick((True, True, False))}),
        export(pick, f"s1-{number}", moment(pick, known),
               {month: month.days[:1] for month in known if pick((True, False, False))},
               cut=pick((True, False, False))),
    ]  # fmt: skip


def export(
    pick: Pick[Any], key: str, placed: str, told: dict[Month, list[str]], **more: Any
) -> Export:
    rows = [
        row
        for month, days in told.items()
        for row in any_export(pick, days, [month.own(name) for name in pick(WAREHOUSES)], 3)
    ]
    return Export(key, placed, rows, **more)
