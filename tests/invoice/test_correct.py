"""A corrected invoice takes the place of another, and nothing is billed twice or lost over it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from close.small_world import World, account, event
from invoice.taxed_world import DECEMBER, close_month, november
from meterbook.errors import InputRefused, Refused
from meterbook.invoice.correct_invoice import correct_invoice, debit_invoice
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.files import document_key

NUMBER = "NIM-2026-000001"  # acme: 518.70 USD, of it 4.60 for 12,500 calls


@pytest.fixture(scope="module")
def issued_once(closed: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = closed.copied_to(tmp_path_factory.mktemp("corrected") / "world")
    world.issue()
    return world


@pytest.fixture
def world(issued_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return issued_once.copied_to(tmp_path_factory.mktemp("correct") / "world")


def _correct(world: World, number: str = NUMBER) -> None:
    correct_invoice(world.book, world.evidence, number, actor="Ada", reason="wrong address")


def _owed(world: World) -> Decimal:
    """What the documents of `acme` ask for, less what they give back."""
    rows = world.book.show("v_open_invoices", {"account_id": "acme"})
    return sum((Decimal(str(row["open_amount"])) for row in rows), Decimal(0))


def _use_more(world: World) -> None:
    world.use("late", [event("acme", "api_calls", "10000", 50)])


def test_the_successor_has_todays_address_and_names_the_invoice_that_it_replaces(
    world: World,
) -> None:
    world.apply(account("acme", ["acme", "acme-nz"], name="Acme Holding Ltd"))
    _correct(world)
    back, successor = world.issue()
    assert (back.kind, back.total, back.refers_to) == ("credit_note", "518.70", NUMBER)
    assert (successor.kind, successor.total, successor.refers_to) == (
        "corrected_invoice", "518.70", NUMBER,
    )  # fmt: skip
    document = json.loads(world.evidence.get(successor.json_key))
    assert (document["type_code"], document["buyer"]["name"]) == ("384", "Acme Holding Ltd")
    assert document["reason"] == "wrong address"
    assert b"Acme Holding" not in world.evidence.get(document_key(NUMBER, "invoice.json"))
    assert _owed(world) == Decimal("518.70")
    assert world.book.check() == []


def test_the_successor_bills_what_is_known_now_by_the_frozen_card(world: World) -> None:
    _use_more(world)
    _correct(world)
    world.issue()
    assert _owed(world) == Decimal("522.70")  # 10,000 calls more at 0.40 a thousand
    assert world.book.show("v_late_lines", {"account_id": "acme"}) == []


def test_what_a_later_bill_has_added_stays_there_and_is_not_billed_again(world: World) -> None:
    _use_more(world)
    world.use("november", [november("acme", "5000")])
    close_month(world, world.at(DECEMBER), "2026-11")
    world.issue()
    before = _owed(world)
    for number in (NUMBER, "NIM-2026-000003"):  # and then the later bill itself, which keeps it
        _correct(world, number)
        world.issue()
        assert _owed(world) == before
    assert world.book.show("v_late_lines", {"account_id": "acme"}) == []


def test_a_credit_that_was_granted_is_granted_again(world: World) -> None:
    credit_invoice(world.book, world.evidence, NUMBER, amount="20", actor="Ada", reason="outage")
    world.issue()
    _correct(world)
    _, successor = world.issue()
    assert _owed(world) == Decimal("498.70")
    _correct(world, successor.number)  # and once more, by the next one
    world.issue()
    assert _owed(world) == Decimal("498.70")


def test_what_a_late_credit_has_given_back_is_not_granted_again(world: World) -> None:
    restated = [(date(2026, 10, 3), "acme", "10.50"), (date(2026, 10, 3), "birch", "1.005")]
    world.spend("restated", restated, at=DECEMBER.replace(month=11, day=9))
    world.use("november", [november("acme", "5000")])
    close_month(world, world.at(DECEMBER), "2026-11")
    assert world.issue()[-1].kind == "credit_note"
    before = _owed(world)
    _correct(world)
    world.issue()
    assert _owed(world) == before


def test_saying_it_again_before_it_is_issued_finds_what_is_there(world: World) -> None:
    _correct(world)
    _correct(world)
    assert [made.kind for made in world.issue()] == ["credit_note", "corrected_invoice"]
    with pytest.raises(Refused, match=f"{NUMBER} has been corrected by NIM-2026-000004"):
        _correct(world)


def test_an_invoice_that_was_reversed_by_hand_gets_its_successor_alone(world: World) -> None:
    credit_invoice(world.book, world.evidence, NUMBER, actor="Ada", reason="wrong address")
    world.issue()
    _correct(world)
    assert [made.kind for made in world.issue()] == ["corrected_invoice"]


def test_a_debit_note_asks_for_more_and_says_why(world: World) -> None:
    for _ in range(2):
        debit_invoice(world.book, NUMBER, "12.50", actor="Ada", reason="express support")
    (made,) = world.issue()
    assert (made.kind, made.subject, made.total, made.refers_to) == (
        "debit_note", "debit.1", "12.50", NUMBER,
    )  # fmt: skip
    assert b"express support" in world.evidence.get(made.json_key)
    credit_invoice(world.book, world.evidence, made.number, actor="Ada", reason="a mistake")
    world.issue()
    assert _owed(world) == Decimal("518.70")


def test_two_debit_notes_of_a_month_are_credited_each_for_itself(world: World) -> None:
    for amount in ("10", "20"):
        debit_invoice(world.book, NUMBER, amount, actor="Ada", reason=f"{amount} hours of support")
    first, second = world.issue()
    credit_invoice(world.book, world.evidence, first.number, actor="Ada", reason="never done")
    world.issue()
    note = credit_invoice(world.book, world.evidence, second.number, actor="Ada", reason="nor this")
    assert note.body["total"] == "20.00"


def test_what_was_reversed_is_not_debited_and_a_debit_note_not_corrected(world: World) -> None:
    debit_invoice(world.book, NUMBER, "12.50", actor="Ada", reason="express support")
    credit_invoice(world.book, world.evidence, NUMBER, actor="Ada", reason="a mistake")
    debit = world.issue()[-1]
    with pytest.raises(Refused, match="has been reversed"):
        debit_invoice(world.book, NUMBER, "1", actor="Ada", reason="more")
    with pytest.raises(Refused, match="is a debit note"):
        _correct(world, debit.number)


@pytest.mark.parametrize("amount", ["-1", "0", "1e3"])
def test_a_debit_over_nothing_is_refused(world: World, amount: str) -> None:
    with pytest.raises(InputRefused):
        debit_invoice(world.book, NUMBER, amount, actor="Ada", reason="more")
