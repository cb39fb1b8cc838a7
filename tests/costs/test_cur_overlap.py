"""A bill counts once: days that are covered are refused until a person adds or replaces."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from costs.cost_imports import BILL, NOW, Desk, line
from meterbook.costs.coverage import landed_of, landed_usd
from meterbook.costs.ingest_cur import Overlap
from meterbook.delivery import ControlTotal, Delivery, close_delivery
from meterbook.errors import DeliveryOverlaps

ADD, REPLACE = Overlap.ADD, Overlap.REPLACE


def days(first: int, last: int, cost: str = "1") -> list[str]:
    return [line(cost, day=f"2026-10-{day:02}") for day in range(first, last + 1)]


def book_usd(desk: Desk) -> Decimal:
    landed = landed_of(desk.landing, "1111:daily")
    return landed_usd(landed, sorted({day for delivery in landed for day in delivery.days}))


def test_the_same_bytes_twice_change_nothing_and_say_so(desk: Desk) -> None:
    first = desk.land(desk.bill(*days(1, 3)))
    before = list(desk.landing.keys())
    again = desk.land(desk.bill(*days(1, 3), name="copy.csv"), now=NOW + timedelta(days=1))
    assert list(desk.landing.keys()) == before
    assert again == type(again)(first.delivery_id, 3, Decimal(3), unchanged=True)


def test_an_overlap_is_refused_with_both_totals(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 3, "0.10")))
    longer = desk.bill(*days(2, 5, "7"), name="longer.csv")
    sentence = (
        f"{longer} covers days that are already covered for payer 1111, export daily: "
        "2026-10-02 to 2026-10-03. Landed so far: 0.2 USD; in this file: 14 USD."
    )
    with pytest.raises(DeliveryOverlaps, match=re.escape(sentence)) as refusal:
        desk.land(longer)
    assert "--replaces" in str(refusal.value)
    assert book_usd(desk) == Decimal("0.30")


def test_single_days_are_listed_one_by_one(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 9)))
    with pytest.raises(DeliveryOverlaps, match="2026-10-02, 2026-10-04 to 2026-10-05"):
        desk.land(desk.bill(*days(2, 2, "5"), *days(4, 5), name="b.csv"))


def test_days_are_listed_in_their_order_however_the_file_has_them(desk: Desk) -> None:
    days = [line(day=f"2026-10-0{n}") for n in (3, 1, 2)]
    desk.land(desk.bill(*days))
    with pytest.raises(DeliveryOverlaps, match="2026-10-01 to 2026-10-03"):
        desk.land(desk.bill(*days, line(), name="later.csv"))


def test_days_that_nobody_covered_are_landed(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 3)))
    assert not desk.land(desk.bill(*days(4, 6), name="b.csv")).unchanged
    assert book_usd(desk) == 6


def test_another_payer_or_export_is_another_family(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 3)))
    desk.land(desk.bill(line(payer="2222"), name="b.csv"))
    desk.mapping = desk.read(BILL.replace("export: daily", "export: hourly"))
    assert not desk.land(desk.bill(*days(1, 3))).unchanged


def test_what_is_added_counts_beside_what_was_there(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 3)))
    credit = desk.bill(*days(2, 2, "-0.5"), name="credit.csv")
    done = desk.land(credit, overlap=ADD)
    record = desk.record(done)
    assert record["scope"] == "1111:daily:" + done.delivery_id.removeprefix("1111.daily.")
    assert record["family"] == "1111:daily"
    assert book_usd(desk) == Decimal("2.5")
    assert desk.land(credit, overlap=ADD).unchanged
    assert desk.land(credit).unchanged
    assert book_usd(desk) == Decimal("2.5")


def test_what_replaces_retires_all_that_was_there_on_its_days(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 3)))
    desk.land(desk.bill(*days(2, 3, "10"), name="added.csv"), overlap=ADD)
    done = desk.land(desk.bill(*days(2, 2, "5"), name="mended.csv"), overlap=REPLACE)
    assert desk.record(done)["replaces"] is True
    assert desk.record(done)["scope"] == "1111:daily"
    assert book_usd(desk) == 1 + 5 + (1 + 10)


def test_going_back_to_a_replaced_bill_lands_it_again(desk: Desk) -> None:
    first, second = desk.bill(*days(1, 2)), desk.bill(*days(1, 2, "9"), name="b.csv")
    desk.land(first)
    desk.land(second, overlap=REPLACE)
    with pytest.raises(DeliveryOverlaps, match=r"Landed so far: 18 USD; in this file: 2 USD"):
        desk.land(first)
    assert not desk.land(first, overlap=REPLACE).unchanged
    assert book_usd(desk) == 2
    assert desk.land(first, overlap=REPLACE).unchanged
    assert desk.land(first).unchanged


def test_a_bill_that_lost_one_of_its_days_is_not_unchanged(desk: Desk) -> None:
    first = desk.bill(*days(1, 2))
    desk.land(first)
    desk.land(desk.bill(*days(2, 2, "9"), name="b.csv"), overlap=REPLACE)
    with pytest.raises(DeliveryOverlaps):
        desk.land(first)


def test_replacing_by_the_same_bill_still_retires_what_was_added(desk: Desk) -> None:
    first = desk.bill(*days(1, 2))
    desk.land(first)
    desk.land(desk.bill(*days(1, 1, "9"), name="b.csv"), overlap=ADD)
    assert desk.land(first).unchanged
    assert not desk.land(first, overlap=REPLACE).unchanged
    assert book_usd(desk) == 2


def test_the_same_bytes_under_another_mapping_are_another_bill(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 2)))
    desk.mapping = desk.read(
        BILL.replace("owner_tag: {column: owner}", "owner_tag: {column: service}")
    )
    with pytest.raises(DeliveryOverlaps):
        desk.land(desk.bill(*days(1, 2)))


def test_a_later_import_comes_later_in_order_even_when_the_clock_goes_back(desk: Desk) -> None:
    desk.land(desk.bill(*days(1, 1)))
    before = NOW - timedelta(days=9)
    done = desk.land(desk.bill(*days(1, 1, "4"), name="b.csv"), overlap=REPLACE, now=before)
    assert desk.record(done)["ordered_at"] == "2026-11-01T06:00:00.000001Z"
    assert book_usd(desk) == 4


def test_a_crash_before_the_closing_record_leaves_the_same_bytes_after_a_second_run(
    desk: Desk,
) -> None:
    file = desk.bill(*days(1, 3))
    done = desk.land(file)
    whole = {key: desk.landing.get(key) for key in desk.landing.keys()}  # noqa: SIM118 - a store
    (desk.folder / "landing" / "deliveries" / "cur" / f"{done.delivery_id}.json").unlink()
    assert not desk.land(file).unchanged
    assert {key: desk.landing.get(key) for key in whole} == whole
    assert list(desk.landing.keys()) == list(whole)


def test_any_order_of_imports_keeps_the_rule_of_the_design(tmp_path: Path) -> None:
    """Three imports with every choice: a day is its scopes' latest since the last replacement."""
    for number, choices in enumerate(product([ADD, REPLACE], repeat=3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = Desk(folder)
        expected = {day: Decimal(0) for day in range(1, 5)}
        for step, (choice, (first, last)) in enumerate(
            zip(choices, [(1, 3), (2, 4), (3, 3)], strict=True)
        ):
            cost = Decimal(10) ** step
            desk.land(desk.bill(*days(first, last, str(cost)), name=f"{step}.csv"), overlap=choice)
            for day in range(first, last + 1):
                expected[day] = cost + (expected[day] if choice is ADD else 0)
        assert book_usd(desk) == sum(expected.values())


def test_a_delivery_that_no_import_made_covers_its_days_too(desk: Desk) -> None:
    day = ControlTotal(date(2026, 10, 2), Decimal(5), 1)
    close_delivery(
        desk.landing, Delivery("x", "cur", "1111:daily", "1111:daily", NOW, [], [day], "1111")
    )
    with pytest.raises(DeliveryOverlaps, match="Landed so far: 5 USD; in this file: 1 USD"):
        desk.land(desk.bill(*days(1, 3)))
