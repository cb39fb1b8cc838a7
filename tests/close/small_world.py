"""A small platform for the tests of watch, close and invoice, landed by the one door.

Two accounts pay: `acme` for two tenants, `birch` for one. Everything is written in the normal form
in which the catalog and the importers land it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from events.event_schemas import validate_published
from meterbook.book import Book
from meterbook.close.close_period import PeriodClosed, close_period
from meterbook.close.decide import decide
from meterbook.close.readiness import NEVER_WAIVED, blockers
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook.invoice.issue_invoices import Desk, issue_invoices
from meterbook.invoice.issued import Issued
from meterbook.invoice.mail import Post
from meterbook.invoice.render_invoice import Archive, render_invoice
from meterbook.period import Period
from meterbook.ports import ObjectStore
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from meterbook_local.mailbox import Mailbox
from meterbook_local.outbox import Outbox
from meterbook_local.pool import RenderPool
from signing import signer

PERIOD = Period.parse("2026-10")
NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
SOURCE = "meterbook"
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}
Fields = dict[str, Any]


class World:
    """A workspace without a lock: the book, its stores and the outbox."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.landing = FolderStore(root / "landing")
        self.evidence = FolderStore(root / "evidence")
        self.announced = FolderStore(root / "announced")
        self.outbox = Outbox(root / "outbox.jsonl")
        self.mailbox = Mailbox(root / "mail")
        self.warehouse = DuckDBWarehouse(root / "book.duckdb")
        self.book = Book(self.warehouse, self.landing, FixedClock(NOW))
        self.book.apply()

    def copied_to(self, root: Path) -> World:
        """The same world in another place; this one is closed and stays as it is."""
        self.warehouse.close()
        shutil.copytree(self.root, root)
        return World(root)

    def close_october(self) -> PeriodClosed:
        """Close the month as a person would who knows that it has two days of cost."""
        self.let_pass(PERIOD)
        return self.close(PERIOD)

    def close(self, period: Period) -> PeriodClosed:
        return close_period(self.book, self.outbox, self.announced, SOURCE, period)

    def let_pass(self, period: Period) -> None:
        self.book.update()
        for point in blockers(self.book, period):
            if point.is_open and point.blocker not in NEVER_WAIVED:
                decide(self.book, period, point.blocker, actor="Ada", reason="a small world")

    @property
    def desk(self) -> Desk:
        """What issuing is plugged into; this process writes the documents."""
        pool = RenderPool(
            partial(render_invoice, Archive(self.evidence, self.landing)), processes=1
        )
        post = Post(self.mailbox)
        return Desk(self.evidence, signer(), pool, self.outbox, self.announced, SOURCE, post)

    def issue(self) -> list[Issued]:
        """Issue everything, and see that nothing was left."""
        run = issue_invoices(self.book, self.desk)
        assert (run.held, run.unapproved, run.unsealed, run.unmailed) == ([], [], [], [])
        return run.issued

    def told(self, detail_type: str) -> list[Fields]:
        """The envelopes of one detail type, after every published one has met its schema."""
        published = self.outbox.published()
        validate_published(published)
        return [found for found in published if found["detail-type"] == detail_type]

    def at(self, moment: datetime) -> Book:
        """The same book at another moment."""
        return Book(self.warehouse, self.landing, FixedClock(moment))

    def apply(self, *documents: tuple[str, str, Fields]) -> None:
        """Land catalog documents (kind, id, document) as the next revision."""
        revision = len(list(self.landing.keys("deliveries/catalog/"))) + 1
        rows = [
            {
                "revision": revision,
                "kind": kind,
                "id": id_,
                "removed": False,
                "commit": "",
                "document": ALWAYS | document,
            }
            for kind, id_, document in documents
        ]
        land(self.landing, "catalog", f"{revision:08d}", rows, family="catalog")

    def use(self, name: str, events: Sequence[Fields]) -> None:
        """Land one pack of usage events."""
        detail = {"count": len(events), "events": list(events)}
        pack = {
            "version": "0",
            "id": name,
            "detail-type": "usage_recorded",
            "source": "meterbook.import",
            "time": "2026-11-30T00:00:00Z",
            "detail": detail,
        }
        land(self.landing, "usage", name, [pack], family="test")

    def spend(
        self,
        name: str,
        costs: Iterable[tuple[date, str, str]],
        control_off_by: str = "0",
        stream: str = "cur",
        estimated: Sequence[str] = (),
        at: datetime = NOW,
    ) -> None:
        """Land a cost delivery: (day, owner tag, cost in USD as text)."""
        rows = [
            {
                "file": name,
                "line": line,
                "usage_date": day.isoformat(),
                "cost": cost,
                "currency": "USD",
                "service": "AmazonEC2",
                "account": "836000000000",
                "owner_tag": tag,
            }
            for line, (day, tag, cost) in enumerate(costs, start=1)
        ]
        totals: dict[str, tuple[Decimal, int]] = {}
        for row in rows:
            usd, count = totals.get(row["usage_date"], (Decimal(control_off_by), 0))
            totals[row["usage_date"]] = usd + Decimal(row["cost"]), count + 1
        days = [ControlTotal(date.fromisoformat(day), *total) for day, total in totals.items()]
        land(
            self.landing,
            stream,
            name,
            rows,
            family="836000000000:main",
            days=days,
            payer="836000000000",
            origin={"estimated_days": list(estimated)},
            at=at,
        )


def land(
    landing: ObjectStore,
    stream: str,
    name: str,
    rows: Sequence[object],
    *,
    family: str,
    days: Sequence[ControlTotal] = (),
    payer: str = "",
    origin: Fields | None = None,
    at: datetime = NOW,
) -> None:
    """Land and close one delivery."""
    files = land_rows(landing, stream, name, rows)
    told = Delivery(name, stream, family, family, at, files, days, payer, origin=origin or {})
    made = close_delivery(landing, told)
    assert made, f"{name} was landed before"


def event(
    tenant: str, metric: str, quantity: str, number: int, day: int = 3, **attributes: str
) -> Fields:
    """One usage event of October 2026."""
    return {
        "specversion": "1.0",
        "id": f"{tenant}-{metric}-{number}",
        "source": "/MOD-1/serve",
        "type": metric,
        "subject": tenant,
        "time": f"2026-10-{day:02d}T12:00:00Z",
        "data": {
            "quantity": quantity,
            "unit": "customer" if metric == "active_customers" else "call",
            "attributes": attributes,
        },
    }


def seller(id_: str = "nimbus", series: str = "NIM") -> tuple[str, str, Fields]:
    return (
        "seller",
        id_,
        {
            "id": id_,
            "name": "Nimbus Platform GmbH",
            "address": ["Taunusanlage 12", "60325 Frankfurt am Main"],
            "country": "DE",
            "tax_id": "DE811204917",
            "email": "billing@nimbus.example",
            "invoice_series": series,
            "bank": "Beispielbank, IBAN DE89 3704 0044 0532 0130 00",
        },
    )


def metric(id_: str, name: str, unit: str = "call", counts: str = "") -> tuple[str, str, Fields]:
    document = {
        "id": id_,
        "name": name,
        "unit": unit,
        "aggregation": "distinct" if counts else "sum",
        "counts": counts,
        "visibility": "licensee",
        "domain": "",
    }
    return ("metric", id_, document)


def plan(
    id_: str = "growth",
    version: str = "1",
    currency: str = "USD",
    *,
    passthrough: bool = True,
    rates: Sequence[Fields] = (),
) -> tuple[str, str, Fields]:
    document = {
        "id": id_,
        "version": version,
        "currency": currency,
        "passthrough": ["aws", "external", "snowflake"] if passthrough else [],
        "levy": {"metric": "active_customers", "unit_price": "0.35", "unit_size": "1"},
        "facility_fees": [{"module_id": "MOD-1", "fee": "250"}],
        "rates": list(rates) or [rate("api_calls")],
    }
    return ("plan", f"{id_}:{version}", document)


def rate(metric_id: str, price: str = "0.40", included: str = "1000", size: str = "1000") -> Fields:
    return {"metric": metric_id, "included": included, "unit_price": price, "unit_size": size}


def tenant(id_: str, name: str = "", plan_id: str = "growth") -> tuple[str, str, Fields]:
    document = {
        "id": id_,
        "name": name or id_.title(),
        "modules": [{"module_id": "MOD-1", "starts_on": "2026-01-01", "ends_on": "9999-12-31"}],
        "subscriptions": [
            {
                "plan_id": plan_id,
                "plan_version": "1",
                "starts_on": "2026-01-01",
                "ends_on": "9999-12-31",
            }
        ],
    }
    return ("tenant", id_, document)


def account(
    id_: str,
    tenants: Sequence[str],
    currency: str = "USD",
    name: str = "",
    seller_id: str = "nimbus",
) -> tuple[str, str, Fields]:
    document = {
        "id": id_,
        "name": name or f"{id_.title()} Ltd",
        "seller": seller_id,
        "currency": currency,
        "address": ["1 Lambton Quay", "Wellington 6011"],
        "country": "NZ",
        "tax_id": "NZ123456789",
        "email": f"ap@{id_}.example",
        "payment_days": "30",
        "tenants": [
            {"tenant_id": t, "starts_on": "2026-01-01", "ends_on": "9999-12-31"} for t in tenants
        ],
    }
    return ("account", id_, document)


def rule(
    id_: str = "tagged", method: str = "tag", version: str = "1", shares: Sequence[Fields] = ()
) -> tuple[str, str, Fields]:
    match = dict.fromkeys(("source", "owner_tag", "module_tag", "service", "account"), "")
    document = {
        "id": id_,
        "version": version,
        "position": "1",
        "method": method,
        "match": match,
        "metric": "",
        "shares": list(shares),
        "tenants": [],
    }
    return ("allocation_rule", f"{id_}:{version}", document)


def config(id_: str, value: str) -> tuple[str, str, Fields]:
    return ("config", id_, {"id": id_, "values": [ALWAYS | {"value": value}]})


SETTINGS = (
    config("unattributed_threshold", "0.02"),
    config("settle_hours", "48"),
    config("cost_source", "cur"),
)


def founded_in(base: Path) -> World:
    """The founded world below a folder, made there once; copy it, and leave it as it is."""
    there = (base / "founded").exists()
    return World(base / "founded") if there else found_world(base / "founded")


def found_world(root: Path) -> World:
    """Two accounts with three tenants, a month of usage and one day of cost."""
    world = World(root)
    world.apply(
        seller(),
        metric("active_customers", "Active customers", "customer", counts="customer_id"),
        metric("api_calls", "API calls"),
        ("module", "MOD-1", {"id": "MOD-1", "name": "Lending"}),
        plan(),
        tenant("acme"),
        tenant("acme-nz"),
        tenant("birch"),
        account("acme", ["acme", "acme-nz"]),
        account("birch", ["birch"]),
        rule(),
        *SETTINGS,
    )
    events = [
        event(t, "api_calls", q, 1)
        for t, q in (("acme", "12500"), ("acme-nz", "999.5"), ("birch", "3000"))
    ]
    events += [event("acme", "active_customers", "1", n, customer_id=f"c{n}") for n in range(5)]
    world.use("october", events)
    world.spend(
        "october-cost",
        [
            (date(2026, 10, 3), "acme", "12.345678901"),
            (date(2026, 10, 4), "birch", "0.5"),
            (date(2026, 10, 3), "birch", "1.005"),
        ],
    )
    world.let_pass(PERIOD)
    return world
