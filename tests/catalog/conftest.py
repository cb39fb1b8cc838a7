"""What the tests of the catalog share: a folder to write YAML into, and books on a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from textwrap import dedent

import pytest
from catalog.catalog_sample import NOW, Opening, Reading
from meterbook.book import Book
from meterbook.catalog.document import Document
from meterbook.catalog.read_catalog import read_catalog
from meterbook.ports import ObjectStore
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog folder that is called `catalog` in every message."""
    monkeypatch.chdir(tmp_path)
    Path("catalog").mkdir()
    return Path("catalog")


@pytest.fixture
def read(folder: Path) -> Reading:
    def reading(text: str) -> list[Document]:
        (folder / "all.yaml").write_text(dedent(text), "utf-8")
        return read_catalog(folder)

    return reading


def sql_behind(names: set[str]) -> list[SqlFile]:
    """The tables, and only these models with what they read: a book that opens quickly."""
    models = read_sql("models")
    wanted: set[str] = set()
    while names:
        wanted |= names
        names = {read for of in models if of.name in names for read in of.reads} - wanted
    return read_sql("tables") + [of for of in models if of.name in wanted]


@pytest.fixture
def open_book() -> Iterator[Opening]:
    files = sql_behind({
        "metering.catalog_documents", "metering.config",
        "billing.tenant_tiers", "billing.account_links", "billing.period_closes",
    })  # fmt: skip
    with ExitStack() as stack:

        def opening(landing: ObjectStore) -> Book:
            warehouse = stack.enter_context(closing(DuckDBWarehouse(None)))
            warehouse.apply(files)
            return Book(warehouse, landing, FixedClock(NOW))

        yield opening
