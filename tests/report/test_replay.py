"""A document is written again from what was frozen: equal, or the first thing that has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from close.small_world import World
from meterbook.close.basis import Basis
from meterbook.errors import InputRefused
from meterbook.invoice.document import invoice_document
from meterbook.invoice.replay import (
    EQUAL,
    FACTS_CHANGED,
    TEXT_CHANGED,
    Replayed,
    Writers,
    replay,
    replay_all,
)
from meterbook.ports import ObjectStore
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.recalculator import TariffRecalculator
from report.planted import Fields, Planted, with_frozen
from report.proof_world import CEDAR, issued

FEES = "billing.plan_fees"


@pytest.fixture(scope="module")
def recalculator() -> TariffRecalculator:
    return TariffRecalculator()


def _replayed(
    world: World,
    recalculator: TariffRecalculator,
    *,
    evidence: ObjectStore | None = None,
    landing: ObjectStore | None = None,
    **program: Any,
) -> Replayed:
    stores = evidence or world.evidence, landing or world.landing
    return replay(*stores, recalculator, CEDAR, **program)


def test_every_issued_document_is_written_again_as_it_is(
    proven: World, recalculator: TariffRecalculator
) -> None:
    documents = dict(issued(proven))
    stores = proven.evidence, proven.landing
    found = list(replay_all(*stores, recalculator, list(documents)))
    assert found == [Replayed(number, EQUAL) for number in documents]
    assert set(documents.values()) == {"invoice", "credit_note"}


def _row(section: str, **changes: str) -> Callable[[Fields], None]:
    return lambda body: body[section][0].update(changes)


def _document(section: str, field: str, value: object) -> Callable[[Fields], None]:
    return lambda body: body[section][0]["document"].update({field: value})


def _rate(body: Fields) -> None:
    (plan,) = body["plans"]
    rates = {rate["metric"]: rate for rate in plan["document"]["rates"]}
    rates["messages"]["unit_price"] = "7.20"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            _row("usage", quantity="1.000000"),
            "usage row 2026-10-02 cedar MOD-1 api_calls: 733.5 -> 1",
        ),
        (
            _row("costs", cost_usd="9.000000000000"),
            "cost row 2026-10-03 aws cedar aws:AmazonS3 pool 1: 0.42563685952 -> 9",
        ),
        (_row("terms", version="2"), "term card cedar europe 1: 1 31 -> 2 31"),
        (_rate, "plan europe:1 rates[messages].unit_price: 7.25 -> 7.20"),
        (_document("rules", "metric", "messages"), "rule pool:1 metric: api_calls -> messages"),
        (lambda body: body["usage"].pop(0), "usage row 2026-10-02 cedar MOD-1 api_calls: 733.5 -> nothing"),
    ],
)  # fmt: skip
def test_a_changed_row_rate_or_rule_is_named(
    proven: World,
    recalculator: TariffRecalculator,
    change: Callable[[Fields], None],
    named: str,
) -> None:
    landing = with_frozen(proven.landing, "2026-10.cedar", change)
    found = _replayed(proven, recalculator, landing=landing)
    assert found.answer == FACTS_CHANGED
    assert str(found.differences[0]) == named


def test_a_frozen_file_that_is_gone_is_said_to_be(
    proven: World, recalculator: TariffRecalculator
) -> None:
    (key,) = proven.landing.keys("closes/2026-10.cedar/")
    found = _replayed(proven, recalculator, landing=Planted(proven.landing, {key: None}))
    assert found.answer == FACTS_CHANGED
    assert key in str(found.differences[0])


def test_one_changed_byte_in_any_stored_file_is_found(
    proven: World, recalculator: TariffRecalculator
) -> None:
    keys = list(proven.evidence.keys(f"invoices/{CEDAR}/"))
    assert len(keys) >= 4
    for key in keys:
        body = proven.evidence.get(key)
        changed = Planted(proven.evidence, {key: body[:-40] + b"7" + body[-39:]})
        for evidence in (changed, Planted(proven.evidence, {key: None})):
            found = _replayed(proven, recalculator, evidence=evidence)
            assert found.answer == FACTS_CHANGED
            assert f"stored {key.rpartition('/')[2]}" in str(found.differences[-1])


def test_a_row_that_was_changed_in_the_stored_facts_is_named_too(
    proven: World, recalculator: TariffRecalculator
) -> None:
    key = f"invoices/{CEDAR}/facts.json"
    facts = proven.evidence.get(key).replace(b'"104.000000"', b'"105.000000"', 1)
    found = _replayed(proven, recalculator, evidence=Planted(proven.evidence, {key: facts}))
    assert found.answer == FACTS_CHANGED
    said = "stored facts.json lines[5].quantity: 104.000000 -> 105.000000"
    assert str(found.differences[0]) == said


def _models(old: str, new: str) -> tuple[list[SqlFile], Basis]:
    """The models with another text of one, and the basis that this makes."""
    files = [
        SqlFile(file.path, file.text.replace(old, new)) if file.name == FEES else file
        for file in read_sql("models")
    ]
    changed = {file.name: file.sha256 for file in files}
    assert changed != Basis.now().models
    return files, replace(Basis.now(), models=changed)


def test_a_model_that_gives_another_figure_is_named_with_both_results(proven: World) -> None:
    files, today = _models("f.value:fee::number", "f.value:other_fee::number")
    found = _replayed(proven, TariffRecalculator(files), today=today)
    assert (found.answer, found.changed) == (TEXT_CHANGED, (FEES,))
    assert str(found.differences[0]) == "line 2 (cedar facility MOD-1): 161.29 -> nothing"


def test_a_model_with_another_text_and_the_same_figures_is_a_note(proven: World) -> None:
    files, today = _models("-- grain:", "-- a grain:")
    found = _replayed(proven, TariffRecalculator(files), today=today)
    assert found == Replayed(CEDAR, EQUAL, (), (FEES,))


def test_a_writer_that_writes_something_else_is_named_with_both_results(
    proven: World, recalculator: TariffRecalculator
) -> None:
    def document(*made_from: Any) -> Fields:
        return invoice_document(*made_from) | {"purchase_order": "PO-1"}

    basis = Basis.now()
    today = replace(basis, writers={**basis.writers, "invoice.document": "another text"})
    found = _replayed(proven, recalculator, today=today, writers=Writers(document=document))
    assert (found.answer, found.changed) == (TEXT_CHANGED, ("invoice.document",))
    assert [str(one) for one in found.differences] == ["invoice.json purchase_order:  -> PO-1"]


def test_a_number_that_nobody_gave_is_refused(
    proven: World, recalculator: TariffRecalculator
) -> None:
    with pytest.raises(InputRefused, match="No register has given the number X-1"):
        replay(proven.evidence, proven.landing, recalculator, "X-1")
