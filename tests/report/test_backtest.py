"""A proposed plan is priced over frozen facts; the plan of today says what was billed, to the cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from close.small_world import ALWAYS, World, plan
from meterbook.catalog.document import Document
from meterbook.close.frozen import read_document
from meterbook.errors import InputRefused
from meterbook.report.backtest import Tried, backtest, read_plan
from meterbook_local.recalculator import TariffRecalculator
from report.proof_world import CARD, NOVEMBER, OCTOBER, card

EVERY = ("acme", "acme-nz", "birch", "cedar")


@pytest.fixture(scope="module")
def recalculator() -> TariffRecalculator:
    return TariffRecalculator()


def _document(found: tuple[str, str, dict[str, object]]) -> Document:
    kind, id_, body = found
    return Document(kind, id_, ALWAYS | body)


def test_the_plan_of_today_says_what_was_billed(
    proven: World, recalculator: TariffRecalculator
) -> None:
    tried = [
        one
        for own in (plan(), card())
        for one in backtest(proven.book, recalculator, _document(own), 6)
    ]
    assert len(tried) == 2 * len(EVERY)
    assert all(one.difference.minor == 0 and not one.obstacles for one in tried)
    for account, tenants in {"acme": ("acme", "acme-nz"), "cedar": ("cedar",)}.items():
        for period in (OCTOBER, NOVEMBER):
            own = [one for one in tried if one.tenant_id in tenants and one.period == period]
            billed = sum(one.billed.amount for one in own)
            assert str(billed) == read_document(proven.landing, period, account).body["total"]


def test_a_new_version_is_tried_on_those_who_have_the_plan(
    proven: World, recalculator: TariffRecalculator
) -> None:
    cheaper = _document(card("2", minimum=""))
    (tried,) = backtest(proven.book, recalculator, cheaper, 6, ())[:1]
    assert (tried.tenant_id, tried.period) == ("cedar", OCTOBER)
    # Without the minimum of 585.68, which was discounted by 7.5 %: 43.93 of 67.50.
    assert tried.difference.minor == -58568 + 6750 - 2357
    assert tried.rate == Decimal("1.17")
    assert tried.cost_usd == Decimal("32.20263685953")
    assert tried.margin_usd == Decimal("851.12") * Decimal("1.17") - tried.cost_usd
    assert len(backtest(proven.book, recalculator, cheaper, 1)) == 1


def test_a_new_plan_is_tried_on_everybody_and_says_where_it_cannot_bill(
    proven: World, recalculator: TariffRecalculator
) -> None:
    new = _document(plan("flat", "1", "USD", passthrough=False))
    tried = {one.tenant_id: one for one in backtest(proven.book, recalculator, new, 1)}
    assert set(tried) == set(EVERY)
    assert _reasons(tried["cedar"]) == {"currency_mismatch", "unrated_usage"}
    assert not tried["acme"].obstacles
    (only,) = backtest(proven.book, recalculator, new, 1, ("birch",))
    assert only == tried["birch"]


def _reasons(tried: Tried) -> set[str]:
    return {obstacle.partition(":")[0] for obstacle in tried.obstacles}


def test_nobody_to_try_it_on_is_said(proven: World, recalculator: TariffRecalculator) -> None:
    with pytest.raises(InputRefused, match=f"plan {CARD} version 2"):
        backtest(proven.book, recalculator, _document(card("2")), 6, ("nobody",))


def test_a_plan_is_read_as_the_catalog_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    fields = {"kind": "plan", "id": "flat", "version": 1, "currency": "USD", "passthrough": False}
    file.write_text(yaml.safe_dump(fields), "utf-8")
    assert read_plan(file).id == "flat:1"
    file.write_text("{kind: module, id: MOD-1, name: First}", "utf-8")
    with pytest.raises(InputRefused, match="one plan and nothing else; it has module"):
        read_plan(file)
