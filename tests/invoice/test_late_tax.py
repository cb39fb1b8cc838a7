"""What comes late is taxed as what it belongs to was, whatever the catalog has come to say since."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from close.small_world import NOW, World, event, metric, plan, seller, tenant
from invoice.invoices import GERMAN_SELLER
from invoice.taxed_world import DECEMBER, close_month, german_account, november
from meterbook.close.decide import approve
from meterbook.close.readiness import readiness
from meterbook.invoice.correct_invoice import correct_invoice
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.files import document_key
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.invoice.replay import EQUAL, replay_all
from meterbook.period import Period
from meterbook_local.recalculator import TariffRecalculator

NOVEMBER = Period.parse("2026-11")
OCTOBERS = "NIM-2026-000002"  # birch: 252.31 + 47.94
ALWAYS = {"starts_on": "1900-01-01", "ends_on": "9999-12-31"}


@pytest.fixture(scope="module")
def issued_once(closed_with_tax: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = closed_with_tax.copied_to(tmp_path_factory.mktemp("late") / "world")
    world.issue()
    world.use("november", [november("acme", "5")])
    return world


@pytest.fixture
def world(issued_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = issued_once.copied_to(tmp_path_factory.mktemp("late tax") / "world")
    world.book = world.at(DECEMBER)
    return world


def _document(world: World, number: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.evidence.get(document_key(number, "invoice.json")))
    return found


def _taxes(world: World, number: str) -> list[tuple[str, str, str]]:
    return [(tax["percent"], tax["base"], tax["tax"]) for tax in _document(world, number)["taxes"]]


def _use_late(world: World) -> None:
    world.use("late", [event("birch", "api_calls", "250000", 77)])  # 100.00 more


def _parked(world: World) -> list[str]:
    world.book.update()
    return [reason for found in readiness(world.book, NOVEMBER).parked for reason in found.reasons]


def test_a_late_credit_gives_back_the_tax_that_was_charged_though_the_account_has_moved(
    world: World,
) -> None:
    world.apply(german_account(tax="reverse_charge", country="FR", vat_id="FR40303265045"))
    costs = [(date(2026, 10, 3), "acme", "12.345678901"), (date(2026, 10, 3), "birch", "0.005")]
    world.spend("restated", costs, at=NOW.replace(day=9))
    close_month(world, world.book, "2026-11")
    (note,) = (made for made in world.issue() if made.kind == "credit_note")
    document = _document(world, note.number)
    assert (note.refers_to, document["tax_case"]) == (OCTOBERS, "domestic")
    assert _taxes(world, note.number) == [("19", "1.00", "0.19")]


def test_what_a_corrected_invoice_carries_over_keeps_its_tax(world: World) -> None:
    kind, id_, document = metric("api_calls", "API calls")
    world.apply((kind, id_, document | {"tax_class": "reduced"}))
    _use_late(world)
    close_month(world, world.book, "2026-11")
    (made,) = (one for one in world.issue() if one.account_id == "birch")
    assert _taxes(world, made.number) == [("19", "250.00", "47.50"), ("7", "100.00", "7.00")]
    correct_invoice(world.book, world.evidence, made.number, actor="Ada", reason="wrong address")
    back, successor = world.issue()
    assert _taxes(world, successor.number) == _taxes(world, made.number)
    stores = world.evidence, world.landing
    found = replay_all(*stores, TariffRecalculator(), [back.number, successor.number])
    assert [one.answer for one in found] == [EQUAL, EQUAL]


def test_what_comes_late_in_another_currency_is_billed_by_a_correction_of_its_month(
    world: World,
) -> None:
    kind, id_, document = tenant("birch")
    cards = [
        {"plan_id": "growth", "plan_version": "1", "starts_on": "2026-01-01", "ends_on": "2026-11-01"},
        {"plan_id": "growth", "plan_version": "2", "starts_on": "2026-11-01", "ends_on": "9999-12-31"},
    ]  # fmt: skip
    world.apply(
        plan(version="2", currency="EUR"),
        (kind, id_, document | {"subscriptions": cards}),
        german_account(currency="EUR"),
        ("cost_rate", "EUR", {"id": "EUR", "values": [ALWAYS | {"value": "1.17"}]}),
    )
    _use_late(world)
    (reason,) = _parked(world)
    assert reason.startswith("late_terms_changed: something came late for 2026-10, which nimbus")
    assert "birch" not in close_month(world, world.book, "2026-11")
    correct_invoice(world.book, world.evidence, OCTOBERS, actor="Ada", reason="late usage")
    assert (world.issue()[-1].currency, _parked(world)) == ("USD", [])
    assert close_month(world, world.book, "2026-11") == ["birch"]
    assert world.book.check() == []


def test_a_month_is_corrected_by_the_seller_that_billed_it(world: World) -> None:
    kind, id_, document = seller("other", "OTH")
    world.apply((kind, id_, document | GERMAN_SELLER), german_account(seller="other"))
    _use_late(world)
    assert [reason.partition(":")[0] for reason in _parked(world)] == ["late_terms_changed"]
    correct_invoice(world.book, world.evidence, OCTOBERS, actor="Ada", reason="late usage")
    made = world.issue()
    assert {(one.kind, one.seller_id) for one in made} == {
        ("credit_note", "nimbus"),
        ("corrected_invoice", "nimbus"),
    }
    assert _parked(world) == []


def test_an_account_that_only_gets_something_back_is_sent_no_bill_of_nothing(
    world: World,
) -> None:
    kind, id_, document = tenant("birch")
    world.apply((kind, id_, document | {"ends_on": "2026-11-01"}))
    costs = [(date(2026, 10, 3), "acme", "12.345678901"), (date(2026, 10, 3), "birch", "0.005")]
    world.spend("restated", costs, at=NOW.replace(day=9))
    assert close_month(world, world.book, "2026-11") == ["acme", "birch"]
    (waiting,) = issue_invoices(world.book, world.desk).unapproved
    assert (waiting.kind, waiting.period) == ("credit_note", "2026-10")
    assert waiting.reasons[0].endswith("`meterbook approve 2026-11 birch`")
    approve(world.book, NOVEMBER, "birch", actor="Ada", reason="they have left")
    assert [(one.kind, one.period) for one in world.issue()] == [("credit_note", "2026-10")]


def test_a_bill_of_nothing_but_what_came_late_is_corrected_like_any_other(world: World) -> None:
    kind, id_, document = tenant("birch")
    world.apply((kind, id_, document | {"ends_on": "2026-11-01"}))
    _use_late(world)
    close_month(world, world.book, "2026-11")
    approve(world.book, NOVEMBER, "birch", actor="Ada", reason="they have left")
    (made,) = (one for one in world.issue() if one.account_id == "birch")
    correct_invoice(world.book, world.evidence, made.number, actor="Ada", reason="wrong address")
    _, successor = world.issue()
    assert _taxes(world, successor.number) == [("19", "100.00", "19.00")]
    assert _parked(world) == world.book.check() == []


def test_what_was_reversed_and_billed_again_by_a_close_is_not_carried_over(world: World) -> None:
    world.use("birchs-november", [november("birch", "5")])
    _use_late(world)
    close_month(world, world.book, "2026-11")
    (made,) = (one for one in world.issue() if one.account_id == "birch")
    credit_invoice(world.book, world.evidence, made.number, actor="Ada", reason="wrong address")
    world.issue()
    world.use("december", [november("birch", "6") | {"id": "d", "time": "2026-12-09T00:00:00Z"}])
    world.book = world.at(DECEMBER.replace(year=2027, month=1))
    close_month(world, world.book, "2026-12")  # bills the 100.00 of October once more
    correct_invoice(world.book, world.evidence, made.number, actor="Ada", reason="wrong address")
    approve(world.book, Period.parse("2026-12"), "birch", actor="Ada", reason="as before")
    (successor,) = (one for one in world.issue() if one.kind == "corrected_invoice")
    assert _document(world, successor.number)["totals"]["net"] == "250.00"
    world.book.update()
    assert world.book.show("v_late_lines", {"account_id": "birch"}) == []
