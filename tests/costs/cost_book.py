"""A book of cost alone: a catalog in YAML, and deliveries of any stream, landed by the one door."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from meterbook.book import Book
from meterbook.catalog.apply_catalog import AppliedCatalog, apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

PAYER = "111122223333"
CATALOG = """
{kind: tenant, id: acme}
---
{kind: tenant, id: bolt}
---
{kind: allocation_rule, id: by-tag, version: 1, position: 1, method: tag, from: 2026-01-01}
"""
Cost = dict[str, str]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cost(usd: str, day: str = "2026-10-01", **more: str) -> Cost:
    """A landed row, of EC2 and without an owner unless told otherwise."""
    row = {"usage_date": day, "cost": usd, "currency": "USD", "service": "AmazonEC2"}
    return row | {"account": PAYER} | more


class CostBook:
    """A book in a folder; `at` is its clock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.landing = FolderStore(root / "landing")
        self.warehouse = DuckDBWarehouse(root / "book.duckdb")
        self.book = self.at("2026-11-05T08:00")
        self.book.apply()

    @classmethod
    def founded(cls, root: Path) -> CostBook:
        root.mkdir()
        made = cls(root)
        made.book.update()
        made.warehouse.close()
        return made

    def copied_to(self, root: Path) -> CostBook:
        """The same book in another place."""
        shutil.copytree(self.root, root)
        return CostBook(root)

    def at(self, text: str) -> Book:
        """The same book at another moment."""
        return Book(self.warehouse, self.landing, FixedClock(moment(text)))

    def apply(self, catalog: str = CATALOG, book: Book | None = None) -> AppliedCatalog:
        """Make this text the catalog."""
        (self.root / "catalog").mkdir(exist_ok=True)
        (self.root / "catalog/all.yaml").write_text(catalog, "utf-8")
        return apply_catalog(book or self.book, read_catalog(self.root / "catalog"))

    def land(
        self,
        name: str,
        rows: Sequence[Cost],
        *,
        stream: str = "cur",
        at: str = "2026-11-04T06:00",
        payer: str = PAYER,
        days: Sequence[str] = (),
        rows_told: int = 0,
    ) -> str:
        """Land rows as a delivery that covers their days and `days`; return its id.

        `rows_told` more rows are told than have landed.
        """
        covered = sorted({*days, *(row["usage_date"] for row in rows)})
        family = f"{payer}:{stream}"
        files = land_rows(self.landing, stream, name, rows)
        for file in files if rows_told else ():
            object.__setattr__(file, "row_count", file.row_count + rows_told)
        totals = [_total(day, rows) for day in covered]
        close_delivery(
            self.landing, Delivery(name, stream, family, family, moment(at), files, totals, payer)
        )
        return name

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What a select says of the book as it stands."""
        return [tuple(row.values()) for row in self.warehouse.query(sql)]


def _total(day: str, rows: Sequence[Cost]) -> ControlTotal:
    of_day = [row for row in rows if row["usage_date"] == day]
    amortized = [Decimal(row["amortized_cost"]) for row in of_day if "amortized_cost" in row]
    return ControlTotal(
        date.fromisoformat(day),
        sum((Decimal(row.get("cost", "0")) for row in of_day), Decimal()),
        len(of_day),
        sum(amortized, Decimal()) if amortized else None,
    )
