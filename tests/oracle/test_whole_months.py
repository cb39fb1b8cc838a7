"""The SQL and the oracle agree on the demo month, and on the one real day that has both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from journey.walk import book_over, paired_day, take_in
from meterbook_local.demo_month import DemoMonth, write_demo_month
from oracle.compared import assert_same
from oracle.landed import read_back


def test_sql_and_oracle_agree_on_the_demo_month(tmp_path: Path) -> None:
    assert_agreement(tmp_path / "landing", write_demo_month(tmp_path / "source"))


@pytest.mark.real
def test_sql_and_oracle_agree_on_the_real_day(tmp_path: Path) -> None:
    assert_agreement(tmp_path / "landing", paired_day())


def assert_agreement(landing: Path, month: DemoMonth) -> None:
    book = book_over(landing, month.now)
    take_in(book, month)
    landed = read_back(book.landing)
    assert_same(book, landed.answer())
    assert book.check() == []
