"""The demo month stands up to questions: its invoices are written again, explained, and tried."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from journey.walk import Walked
from meterbook.catalog.read_catalog import read_catalog
from meterbook.invoice.replay import EQUAL, Replayed, replay_all
from meterbook.report.backtest import backtest
from meterbook.report.explain import explain
from meterbook.report.explained import UNTRACED
from meterbook_local.demo_month import DemoMonth
from meterbook_local.recalculator import TariffRecalculator


@pytest.fixture(scope="module")
def recalculator() -> TariffRecalculator:
    return TariffRecalculator()


def test_every_invoice_is_written_again_as_it_is(
    walked: Walked, recalculator: TariffRecalculator
) -> None:
    numbers = [made.number for made in walked.issued]
    stores = walked.evidence, walked.book.landing
    assert list(replay_all(*stores, recalculator, numbers)) == [
        Replayed(number, EQUAL) for number in numbers
    ]
    assert numbers


def test_every_line_is_the_sum_of_events_and_rows_of_cost(walked: Walked) -> None:
    for made in walked.issued:
        for one in explain(walked.book, made.number).lines:
            assert sum(part.amount for part in one.parts) == Fraction(one.line["amount"])
            assert not [part for part in one.parts if part.what == UNTRACED]


def test_the_plans_of_today_would_have_billed_what_was_billed(
    walked: Walked, month: DemoMonth, recalculator: TariffRecalculator
) -> None:
    plans = [one for one in read_catalog(month.catalog) if one.kind == "plan"]
    tried = [one for plan in plans for one in backtest(walked.book, recalculator, plan, 6)]
    assert {one.difference.minor for one in tried} == {0}
    billed = {(one.period, one.tenant_id): one.billed.amount for one in tried}
    assert sum(billed.values()) == sum(Decimal(made.net) for made in walked.issued)
