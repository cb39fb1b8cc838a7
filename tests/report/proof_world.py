"""Two closed months of three accounts, with a price of every kind, and facts that came late.

`acme` and `birch` are those of the small world; `cedar` is billed in euro, and has tiers, packages,
a minimum, a discount, a credit, shares of a pool, and cost that is passed on with a mark-up.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from close.small_world import (
    ALWAYS,
    NOW,
    World,
    account,
    event,
    founded_in,
    land,
    metric,
    plan,
    rate,
    tenant,
)
from meterbook.delivery import ControlTotal
from meterbook.period import Period

Fields = dict[str, Any]
OCTOBER, NOVEMBER = Period.parse("2026-10"), Period.parse("2026-11")
DECEMBER = datetime(2026, 12, 5, 8, tzinfo=UTC)
LATE = datetime(2026, 11, 20, 8, tzinfo=UTC)
CARD, PAYER = "europe", "836000000001"


def tier(name: str, up_to: str, price: str) -> Fields:
    return {"tier": name, "up_to": up_to, "unit_price": price}


def tiered(metric_id: str, pricing: str, tiers: Sequence[Fields], included: str = "0") -> Fields:
    priced = rate(metric_id, "0", included, "1")
    return priced | {"pricing": pricing, "tiers": list(tiers)}


def card(version: str = "1", **changes: object) -> tuple[str, str, Fields]:
    """The card of `cedar`: a price of every kind."""
    _, _, document = plan(CARD, version, "EUR")
    rates = [
        tiered(
            "api_calls", "graduated", [tier("1", "1000", "0.05"), tier("2", "", "0.033")], "500"
        ),
        tiered("peak_users", "volume", [tier("1", "10", "2"), tier("2", "", "1.50")]),
        rate("messages", "7.25", "3", "100") | {"pricing": "package"},
        rate("seats", "4", "0", "1"),
        rate("stored", "0.3333", "0", "1"),
    ]
    own = {
        "passthrough": ["aws"],
        "markups": [{"source": "aws", "percent": "12.5"}],
        "minimum": "900",
        "prorate": "daily",
        "rates": rates,
    }
    return ("plan", f"{CARD}:{version}", document | own | changes)


def _metric(id_: str, aggregation: str) -> tuple[str, str, Fields]:
    kind, name, document = metric(id_, id_.title())
    return kind, name, document | {"aggregation": aggregation}


def _pool() -> tuple[str, str, Fields]:
    match = dict.fromkeys(("source", "module_tag", "service", "account"), "")
    document = {
        "id": "pool",
        "version": "1",
        "position": "2",
        "method": "usage_share",
        "match": match | {"owner_tag": "shared"},
        "metric": "api_calls",
        "shares": [],
        "tenants": [],
    }
    return ("allocation_rule", "pool:1", document)


def _cedar() -> tuple[str, str, Fields]:
    kind, id_, document = account("cedar", ["cedar"], "EUR")
    window = {"starts_on": "2026-01-01", "ends_on": "9999-12-31"}
    discount = {"id": "early", "percent": "7.5", "reason": "Early bird"}
    kinds = {"kinds": ["facility", "levy", "minimum", "variable"]}
    credit = {"id": "sorry", "tenant_id": "cedar", "period": "2026-10", "amount": "12.34"}
    own = {
        "discounts": [discount | kinds | window],
        "credits": [credit | {"reason": "An outage"}],
    }
    return kind, id_, document | own


def _tenant_of_cedar() -> tuple[str, str, Fields]:
    kind, id_, document = tenant("cedar", plan_id=CARD)
    days = {"starts_on": "2026-10-12", "ends_on": "9999-12-31"}
    document["modules"] = [{"module_id": "MOD-1"} | days]
    return kind, id_, document


def of(tenant_id: str, metric_id: str, quantity: str, number: int, at: str, **more: str) -> Fields:
    """One event at a moment of its own."""
    told = event(tenant_id, metric_id, quantity, number, **more)
    return told | {"time": at, "data": told["data"] | {"unit": ""}}


def _october() -> list[Fields]:
    levels = (("10", "2026-10-02T00:00:00Z"), ("25.5", "2026-10-20T06:30:00Z"))
    return [
        *(of("cedar", "api_calls", "733.5", n, f"2026-10-{n:02}T10:00:00Z") for n in range(2, 6)),
        *(
            of("cedar", "peak_users", q, n, f"2026-10-0{n}T09:00:00Z")
            for n, q in ((3, "9"), (4, "12"))
        ),
        of("cedar", "messages", "104", 1, "2026-10-09T10:00:00Z"),
        *(of("cedar", "seats", q, n, f"2026-10-1{n}T09:00:00Z") for n, q in ((3, "6"), (4, "5"))),
        *(of("cedar", "stored", q, n, at) for n, (q, at) in enumerate(levels)),
        *(
            of("cedar", "active_customers", "1", n, "2026-10-14T10:00:00Z", customer_id=f"e{n % 3}")
            for n in range(5)
        ),
    ]


def proof_world(base: Path, root: Path) -> World:
    """October closed and issued, then late facts, then November closed and issued."""
    world = founded_in(base).copied_to(root)
    world.apply(
        card(),
        ("cost_rate", "EUR", {"id": "EUR", "values": [ALWAYS | {"value": "1.17"}]}),
        *(_metric(*one) for one in METRICS),
        _pool(),
        _cedar(),
        _tenant_of_cedar(),
    )
    world.use("cedar-october", _october())
    bill(
        world,
        "cedar-cost",
        [("2026-10-03", "cedar", "31.00000000001"), ("2026-10-03", "shared", "10")],
        [("2026-10-04", "cedar", "0.777")],
    )
    world.close_october()
    world.issue()
    _come_late(world)
    world.book = world.at(DECEMBER)
    world.let_pass(NOVEMBER)
    world.close(NOVEMBER)
    world.issue()
    return world


def shared_proof_world(ours: Path, everybodys: Path) -> World:
    """A copy in a folder of `ours`; the first of several processes makes what they all copy."""
    with (everybodys / "proven.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (everybodys / "proven").exists():
            proof_world(ours, everybodys / "in the making").warehouse.close()
            (everybodys / "in the making").rename(everybodys / "proven")
    shutil.copytree(everybodys / "proven", ours / "proven copy")
    world = World(ours / "proven copy")
    world.book = world.at(DECEMBER)
    return world


def _come_late(world: World) -> None:
    """Use and cost of October that arrive in November, and some use of November itself."""
    late = [
        of("acme", "api_calls", "4000", 90, "2026-10-28T10:00:00Z"),
        of("cedar", "api_calls", "100", 90, "2026-10-03T11:00:00Z"),
        of("cedar", "api_calls", "20", 91, "2026-11-03T11:00:00Z"),
    ]
    pack = {"detail-type": "usage_recorded", "source": "meterbook.import", "id": "late"}
    told = {"version": "0", "time": "2026-11-20T00:00:00Z"}
    rows = [pack | told | {"detail": {"count": len(late), "events": late}}]
    land(world.landing, "usage", "late", rows, family="test", at=LATE)
    days = [("2026-10-03", "acme", "12.345678901"), ("2026-10-03", "birch", "0.2")]
    bill(world, "restated", days, payer="836000000000", family="main", at=LATE)


def bill(
    world: World,
    name: str,
    *days: Sequence[tuple[str, str, str]],
    payer: str = PAYER,
    family: str = "own",
    at: datetime = NOW,
) -> None:
    """Land a bill, by default of a payer of its own, day by day: (day, owner tag, cost in USD)."""
    rows = [
        {
            "file": name,
            "line": line,
            "usage_date": day,
            "cost": cost,
            "currency": "USD",
            "service": "AmazonS3",
            "account": payer,
            "owner_tag": tag,
        }
        for line, (day, tag, cost) in enumerate((row for rows in days for row in rows), start=1)
    ]
    totals = [
        ControlTotal(date.fromisoformat(of[0][0]), sum(Decimal(usd) for _, _, usd in of), len(of))
        for of in days
    ]
    scope = f"{payer}:{family}"
    land(world.landing, "cur", name, rows, family=scope, days=totals, payer=payer, at=at)


METRICS = (
    ("peak_users", "max"),
    ("messages", "sum"),
    ("seats", "latest"),
    ("stored", "time_weighted"),
)
CEDAR = "NIM-2026-000003"
"""The invoice of `cedar` for October."""


def issued(world: World) -> list[tuple[str, str]]:
    """Every issued document by number and kind."""
    return [(str(row["number"]), str(row["kind"])) for row in world.book.query("issue_issued")]
