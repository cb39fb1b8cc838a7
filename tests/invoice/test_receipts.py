"""What others report as paid is held against the document that asked for it, once."""

from __future__ import annotations

from datetime import date

import pytest
from close.small_world import World
from meterbook.errors import InputRefused, Refused
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.receipts import Receipt, record_receipt

NUMBER = "NIM-2026-000001"  # 518.70 USD
DAY = date(2026, 11, 4)


@pytest.fixture(scope="module")
def issued_once(closed: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = closed.copied_to(tmp_path_factory.mktemp("paid") / "world")
    world.issue()
    return world


@pytest.fixture
def world(issued_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    return issued_once.copied_to(tmp_path_factory.mktemp("receipt") / "world")


def _paid(
    world: World, amount: str, reference: str = "TX-1", number: str = NUMBER, on: date = DAY
) -> Receipt:
    return record_receipt(world.book, number, amount, on, reference=reference, actor="bank")


def test_a_payment_lowers_what_is_open(world: World) -> None:
    assert _paid(world, "500") == Receipt(NUMBER, "USD", "500.00", "18.70", is_new=True)
    assert _paid(world, "18.70", "TX-2").open == "0.00"
    (shown,) = world.book.show("v_receipts", {"reference": "TX-1"})
    assert (shown["received_on"], shown["actor"]) == (DAY, "bank")
    assert world.book.check() == []


def test_a_payment_that_is_reported_twice_is_one_payment(world: World) -> None:
    _paid(world, "500")
    again = _paid(world, "500.00", " TX-1 ")
    assert (again.received, again.is_new) == ("500.00", False)


@pytest.mark.parametrize(("amount", "on"), [("501", DAY), ("500", date(2026, 11, 3))])
def test_one_reference_with_two_amounts_or_days_is_refused(
    world: World, amount: str, on: date
) -> None:
    _paid(world, "500")
    with pytest.raises(Refused, match=r"'TX-1' is recorded on .* with 500\.00 USD .* 2026-11-04"):
        _paid(world, amount, on=on)


def test_money_that_went_back_and_money_beyond_the_bill_stay_visible(world: World) -> None:
    _paid(world, "600")
    assert _paid(world, "-50", "TX-2").open == "-31.30"


def test_a_credit_note_lowers_what_is_open_too(world: World) -> None:
    credit_invoice(world.book, world.evidence, NUMBER, amount="18.70", actor="Ada", reason="outage")
    (credited,) = world.issue()
    assert _paid(world, "500").open == "0.00"
    with pytest.raises(Refused, match="is a credit note"):
        _paid(world, "18.70", number=credited.number)


@pytest.mark.parametrize(
    ("amount", "reference", "on", "why"),
    [
        ("0", "TX-1", DAY, "no amount"),
        ("1e9999", "TX-1", DAY, "no amount"),
        ("0.001", "TX-1", DAY, "no amount"),
        ("5", " ", DAY, "reference"),
        ("5", "x" * 201, DAY, "reference"),
        ("5", "TX-1", date(2026, 11, 6), "is not yet"),
    ],
)
def test_what_tells_no_payment_is_refused(
    world: World, amount: str, reference: str, on: date, why: str
) -> None:
    with pytest.raises(InputRefused, match=why):
        _paid(world, amount, reference, on=on)
    assert list(world.landing.keys("receipts/")) == []


def test_a_number_that_is_not_issued_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="'NIM-2026-000009' is issued"):
        _paid(world, "5", number="NIM-2026-000009")
