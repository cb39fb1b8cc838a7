"""A workspace with the tiny month, as the jobs leave it, and a book of cost, founded once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.tiny_month import TinyMonth, write_tiny_month
from costs.cost_book import CostBook
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import Workspace, open_workspace


@pytest.fixture
def month(tmp_path: Path) -> TinyMonth:
    return write_tiny_month(tmp_path / "month")


@pytest.fixture
def workspace(tmp_path: Path, month: TinyMonth) -> Iterator[Workspace]:
    """The catalog of the tiny month is in it, and nothing else."""
    clock = FixedClock(datetime(2026, 11, 5, 8, tzinfo=UTC))
    with open_workspace(tmp_path / "book", clock, "test") as opened:
        apply_catalog(opened.book, read_catalog(month.catalog))
        yield opened


@pytest.fixture(scope="session")
def founded_costs(tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    """An empty book of cost, to be copied."""
    return CostBook.founded(tmp_path_factory.mktemp("costs") / "founded")
