"""What the import lands the book agrees with: the typed cost is the control total, day by day."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from costs.cost_imports import NOW, Desk, line
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.costs.coverage import landed_of, landed_usd
from meterbook.costs.ingest_cur import CurIngested, Overlap, ingest_cur
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse

COSTS = ["0.1", "0.2", "1.05E-8", "-0.000000000001", "0E-18", ".5", "5.", "+1e3", "1234567890.12"]


def test_the_book_holds_to_the_cent_what_the_door_let_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    book = Book(DuckDBWarehouse(), desk.landing, FixedClock(NOW))
    book.apply()
    apply_catalog(book, [])  # the settings that hold by default: cost comes from reports

    def ingest(name: str, overlap: Overlap, *lines: str) -> CurIngested:
        return ingest_cur(book, [desk.bill(*lines, name=name)], desk.mapping, overlap=overlap)

    second = "2026-10-02"
    ingest("a.csv", Overlap.REFUSE, *(line(cost) for cost in COSTS), line("7", day=second))
    ingest("b.csv", Overlap.ADD, line("0.01"), line("-3", day=second))
    mended = (line("4", day=second), line("1E-12", day=second))
    ingest("c.csv", Overlap.REPLACE, *mended)
    assert ingest("c.csv", Overlap.REFUSE, *mended).unchanged
    rows = book.show("v_cost_conservation")
    assert [(row["control_usd"], row["residual_usd"]) for row in rows] == [
        (sum(map(Decimal, COSTS)) + Decimal("0.01"), 0),
        (Decimal("4.000000000001"), 0),
    ]
    landed = landed_of(desk.landing, "1111:daily")
    for row in rows:
        assert landed_usd(landed, [row["usage_date"]]) == row["control_usd"]
    assert book.check() == []
