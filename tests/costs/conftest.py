"""A desk with an empty landing area for each test, and a book of cost that is founded once."""

from __future__ import annotations

from pathlib import Path

import pytest
from costs.cost_book import CostBook
from costs.cost_imports import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def founded_costs(tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    """An empty book, to be copied."""
    return CostBook.founded(tmp_path_factory.mktemp("costs") / "founded")
