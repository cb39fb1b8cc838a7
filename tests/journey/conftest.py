"""The demo month, walked once for all the tests that only look at it."""

from __future__ import annotations

import pytest
from journey.walk import Walked, bill, book_over, take_in
from meterbook_local.demo_month import DemoMonth, write_demo_month


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> DemoMonth:
    return write_demo_month(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def walked(month: DemoMonth, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walked")
    book = book_over(folder / "landing", month.now)
    take_in(book, month)
    return bill(book, month, folder)
