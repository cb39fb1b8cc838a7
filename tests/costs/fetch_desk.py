"""A book in which Cost Explorer decides what a day cost, and hands to fetch into it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from costs.ce_answers import Account, Told, recorded
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.costs.fetch_aws_costs import Fetched, fetch_aws_costs
from meterbook.ports import Clock, CostExplorer, Loaded, ObjectStore, Refreshed
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

PAYER = "111122223333"
START = date(2026, 10, 1)
MORNING = "2026-10-03T06:00"
CONFIG = {"cost_source": "aws_cost", "cost_window_months": "0"}
CATALOG = """
kind: tenant
id: acme
name: Acme
---
kind: allocation_rule
id: by-tag
version: 1
position: 1
method: tag
from: 2020-01-01
"""


class Later(Book):
    """A book that shows what has landed when somebody else asks it to."""

    def update(self) -> tuple[list[Loaded], list[Refreshed]]:
        return [], []


@dataclass
class Desk:
    """A landing area and the book behind it; `fetch` asks an account or a Cost Explorer."""

    folder: Path

    def __post_init__(self) -> None:
        self.landing = FolderStore(self.folder / "landing")
        self.warehouse = DuckDBWarehouse(self.folder / "book.duckdb")
        self.book().apply()

    def copied_to(self, folder: Path) -> Desk:
        """The same desk in another place; this one is closed and stays as it is."""
        self.warehouse.close()
        shutil.copytree(self.folder, folder)
        return Desk(folder)

    def book(self, now: str = MORNING, store: ObjectStore | None = None) -> Book:
        return self.ticking(FixedClock(at(now)), store)

    def ticking(self, clock: Clock, store: ObjectStore | None = None) -> Book:
        return Book(self.warehouse, store or self.landing, clock)

    def apply(self, **config: str) -> None:
        """Set up a tenant, a rule that follows the tags, and what is configured besides."""
        folder = self.folder / f"catalog-{len(config)}"
        folder.mkdir()
        texts = [
            f"kind: config\nid: {id_}\n{'values' if value.startswith('[') else 'value'}: {value}"
            for id_, value in (CONFIG | config).items()
        ]
        (folder / "all.yaml").write_text("\n---\n".join([CATALOG, *texts]), "utf-8")
        apply_catalog(self.book(), read_catalog(folder))

    def answering(self, answers: Iterable[Told]) -> CostExplorer:
        number = len(list(self.folder.glob("answers-*")))
        return recorded(self.folder / f"answers-{number}", answers)

    def fetch(
        self,
        costs: Account | CostExplorer,
        now: str = MORNING,
        store: ObjectStore | None = None,
    ) -> Fetched:
        return fetch(self.book(now, store), self._asked(costs))

    def land(
        self,
        costs: Account | CostExplorer,
        now: str = MORNING,
        store: ObjectStore | None = None,
    ) -> Fetched:
        """Fetch into a book that is brought up to date later, as another engine may do it."""
        book = Later(self.warehouse, store or self.landing, FixedClock(at(now)))
        return fetch(book, self._asked(costs))

    def _asked(self, costs: Account | CostExplorer) -> CostExplorer:
        return self.answering(costs.answers()) if isinstance(costs, Account) else costs

    def daily(self) -> list[tuple[str, ...]]:
        """What the book now says that AWS charged."""
        names = ("usage_date", "service", "owner_tag", "module_tag", "cost_usd")
        rows = self.book().show("v_aws_cost_daily")
        return sorted(tuple(str(row[name]) for name in names) for row in rows)

    def days(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What AWS said of each day, and what of it is missing."""
        rows: list[Any] = self.book().show("v_cost_conservation")
        return {f"{row['usage_date']}": (row["control_usd"], row["residual_usd"]) for row in rows}

    def red(self) -> list[str]:
        """The checks that do not hold."""
        return [found.check for found in self.book().check()]

    def landed_rows(self, done: Fetched) -> list[dict[str, Any]]:
        names = [file["file_name"] for file in self.record(done)["files"]]
        texts = [gzip.decompress(self.landing.get(name)) for name in names]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def record(self, done: Fetched) -> dict[str, Any]:
        """The closing record."""
        found: dict[str, Any] = json.loads(
            self.landing.get(f"deliveries/aws_cost/{done.delivery_id}.json")
        )
        return found

    def counting(self) -> list[str]:
        """The deliveries that count."""
        return list(self.landing.keys("deliveries/aws_cost/"))


def fetch(book: Book, costs: CostExplorer, payer: str = PAYER) -> Fetched:
    tags = {"owner_tag_key": "tenant_id", "module_tag_key": "module_id"}
    return fetch_aws_costs(book, costs, payer=payer, **tags)


def at(now: str) -> datetime:
    return datetime.fromisoformat(f"{now}+00:00")


def account(costs: Mapping[str, Any], end: date = date(2026, 10, 3), **more: Any) -> Account:
    """An account whose window begins with October."""
    return Account(START, end, costs, **more)


def founded_in(base: Path) -> Desk:
    """The desk below a folder, made there once; copy it, and leave it as it is."""
    folder = base / "fetch-desk"
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    desk = Desk(folder)
    if is_new:
        desk.apply()
    return desk
