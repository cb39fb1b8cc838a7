"""Costs of other providers come in by files too: another name for who charged, the same door."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from costs.cost_imports import NOW, Desk
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.costs.ingest_cur import CurIngested, Overlap, ingest_cur
from meterbook.costs.mapping import CurMapping, read_cur_mapping
from meterbook.errors import DeliveryOverlaps, FileRefused, MappingRefused
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse

MAPPING = """
export: invoices
header: true
provider: {value: scoring-api}
usage_date: {column: day}
cost: {column: usd}
currency: {value: USD}
service: {column: product}
owner_tag: {column: tenant}
"""
BILL = "day,usd,product,tenant\n2026-10-01,1.50,calls,acme\n2026-10-02,0.0000001,calls,\n"


class Drop:
    """A book, and a folder from which files of another provider come in."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.book = Book(DuckDBWarehouse(), self.desk.landing, FixedClock(NOW))
        self.book.apply()
        apply_catalog(self.book, [])

    def mapping(self, text: str = MAPPING) -> CurMapping:
        return read_cur_mapping(self.desk.file("mapping.yaml", text), "external_cost")

    def take(self, bill: str, overlap: Overlap = Overlap.REFUSE) -> CurIngested:
        file = self.desk.file("bill.csv", bill)
        return ingest_cur(self.book, [file], self.mapping(), overlap=overlap)


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_what_is_dropped_is_in_the_book_with_its_control_total(drop: Drop) -> None:
    done = drop.take(BILL)
    assert done.delivery_id.startswith("scoring-api.invoices.")
    assert len(list(drop.desk.landing.keys("deliveries/external_cost/"))) == 1
    rows: list[Any] = drop.book.show("v_cost_conservation")
    assert [(row["source"], row["control_usd"], row["residual_usd"]) for row in rows] == [
        ("external", Decimal("1.5"), 0),
        ("external", Decimal("0.0000001"), 0),
    ]
    assert drop.book.check() == []


def test_it_counts_once_like_every_bill(drop: Drop) -> None:
    drop.take(BILL)
    assert drop.take(BILL).unchanged
    longer = BILL + "2026-10-03,2,calls,acme\n"
    with pytest.raises(DeliveryOverlaps, match="already covered for provider scoring-api"):
        drop.take(longer)
    assert not drop.take(longer, Overlap.REPLACE).unchanged


def test_a_file_names_its_provider_by_a_column_and_one_alone(drop: Drop) -> None:
    mapping = drop.mapping(MAPPING.replace("{value: scoring-api}", "{column: product}"))
    file = drop.desk.file("b.csv", BILL.replace("0.0000001,calls", "1,mail"))
    with pytest.raises(FileRefused, match="the provider is 'mail', before it was 'calls'"):
        ingest_cur(drop.book, [file], mapping)


def test_payer_and_provider_are_not_mixed_up(drop: Drop) -> None:
    with pytest.raises(MappingRefused, match="the key 'payer' is unknown"):
        drop.mapping(MAPPING.replace("provider:", "payer:"))
    with pytest.raises(MappingRefused, match="the key 'provider' is unknown"):
        drop.desk.read(MAPPING)
