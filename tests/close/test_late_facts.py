"""What comes late for a closed month is billed once, by the next close, or given back."""

from __future__ import annotations

from datetime import date

import pytest
from close.small_world import NOW, PERIOD, Fields, World, event, rule, tenant
from meterbook.close.close_period import close_period
from meterbook.close.frozen import credit_notes, read_document
from meterbook.close.readiness import readiness
from meterbook.costs.accept_delivery import accept_delivery
from meterbook.period import Period

NOVEMBER, DECEMBER = Period.parse("2026-11"), Period.parse("2026-12")
SOURCE = "meterbook"


@pytest.fixture
def closed(world: World) -> World:
    """October is closed, and it is December."""
    world.close_october()
    use_november(world)
    world.book = world.at(NOW.replace(month=12))
    return world


def use_november(world: World, month: int = 11) -> None:
    """One call of each tenant in a later month, so that there is a bill to add to."""
    day = {"time": f"2026-{month:02d}-03T12:00:00Z"}
    calls = [event(one, "api_calls", "1", 900 + month) | day for one in ("acme", "birch")]
    world.use(f"month-{month}", calls)


def close(world: World, period: Period = NOVEMBER) -> None:
    world.let_pass(period)
    close_period(world.book, world.outbox, world.announced, SOURCE, period)


def adjustments(world: World, account: str, period: Period = NOVEMBER) -> list[Fields]:
    body = read_document(world.landing, period, account).body
    return [line for line in body["lines"] if line["line_kind"] == "adjustment"]


def late(world: World) -> list[str]:
    world.book.update()
    return [
        f"{row['tenant_id']} {row['late_amount']:.2f}" for row in world.book.show("v_late_lines")
    ]


def test_late_usage_is_one_adjustment_of_the_next_bill_priced_by_the_frozen_card(
    closed: World,
) -> None:
    closed.use("late", [event("birch", "api_calls", "7000", 77)])
    assert late(closed) == ["birch 2.80"]  # 10,000 − 1,000 included, at 0.40 per 1,000, less 0.80
    close(closed)
    (line,) = adjustments(closed, "birch")
    assert (line["adjusts_period"], line["adjusts_kind"], line["metric"]) == (
        "2026-10", "variable", "api_calls",
    )  # fmt: skip
    assert (line["known_amount"], line["billed_amount"], line["amount"]) == ("3.60", "0.80", "2.80")
    assert (line["quantity"], line["billable_quantity"]) == ("10000.000000", "9000.000000")
    assert adjustments(closed, "acme") == []
    assert late(closed) == []
    assert closed.book.check() == []


def test_what_was_adjusted_is_billed_and_the_next_change_counts_from_there(closed: World) -> None:
    closed.use("late", [event("birch", "api_calls", "7000", 77)])
    close(closed)
    closed.use("later", [event("birch", "api_calls", "1000", 78)])
    use_november(closed, 12)
    closed.book = closed.at(NOW.replace(year=2027, month=1))
    close(closed, DECEMBER)
    (line,) = adjustments(closed, "birch", DECEMBER)
    assert (line["known_amount"], line["billed_amount"], line["amount"]) == ("4.00", "3.60", "0.40")
    assert late(closed) == []


def test_a_restated_cost_that_was_passed_on_too_high_becomes_a_credit_note(closed: World) -> None:
    closed.spend(
        "restated",
        [(date(2026, 10, 3), "acme", "10.50"), (date(2026, 10, 3), "birch", "1.005")],
        at=NOW.replace(day=9),
    )
    assert late(closed) == ["acme -1.85"]
    close(closed)
    assert adjustments(closed, "acme") == []
    (note,) = credit_notes(read_document(closed.landing, NOVEMBER, "acme"))
    assert (note.kind, str(note.period), note.subject, note.body["total"]) == (
        "credit_note", "2026-10", "late.2026-11", "1.85",
    )  # fmt: skip
    assert note.body["refers_to"] == {"kind": "invoice", "subject": "", "period": "2026-10"}
    (line,) = note.body["lines"]
    assert (line["known_amount"], line["billed_amount"], line["amount"]) == (
        "10.50", "12.35", "1.85",
    )  # fmt: skip
    again = read_document(closed.landing, PERIOD, "acme", "credit_note", "late.2026-11")
    assert again == note
    assert late(closed) == []
    assert closed.book.check() == []


def test_a_changed_rule_is_taken_back_and_given_anew_by_name(closed: World) -> None:
    halves = [{"tenant_id": one, "share": "0.5"} for one in ("acme-nz", "birch")]
    closed.apply(rule(method="fixed_share", version="2", shares=halves))
    assert late(closed) == ["acme -12.35", "acme-nz 6.93", "birch 5.42"]
    close(closed)
    (note,) = credit_notes(read_document(closed.landing, NOVEMBER, "acme"))
    told = [(line["tenant_id"], line["rules"], line["amount"]) for line in note.body["lines"]]
    assert told == [
        ("acme", "tagged:1", "12.35"), ("acme", "", "0.00"),
        ("acme-nz", "", "0.00"), ("acme-nz", "tagged:2", "-6.93"),
    ]  # fmt: skip
    told = [(line["rules"], line["amount"]) for line in adjustments(closed, "birch")]
    assert told == [("tagged:1", "-1.51"), ("tagged:2", "6.93")]
    assert late(closed) == []


def test_an_account_that_used_nothing_since_is_still_billed_what_came_late(world: World) -> None:
    world.close_october()
    kind, id_, document = tenant("birch")
    gone = {**document, "ends_on": "2026-11-01"}
    world.apply((kind, id_, gone))
    world.use("late", [event("birch", "api_calls", "7000", 77)])
    day = {"time": "2026-11-03T12:00:00Z"}
    world.use("november", [event("acme", "api_calls", "1", 900) | day])
    world.book = world.at(NOW.replace(month=12))
    close(world)
    body = read_document(world.landing, NOVEMBER, "birch").body
    assert [line["line_kind"] for line in body["lines"]] == ["adjustment"]
    assert body["total"] == "2.80"


def test_a_card_that_is_changed_for_a_closed_month_changes_nothing_of_it(closed: World) -> None:
    kind, id_, document = tenant("birch", plan_id="growth")
    closed.apply((kind, id_, {**document, "modules": []}))
    assert late(closed) == []


def test_nobody_is_given_back_more_than_the_bill_asked_for(closed: World) -> None:
    closed.spend(
        "restated",
        [(date(2026, 10, 3), "acme", "-1000"), (date(2026, 10, 3), "birch", "1.005")],
        at=NOW.replace(day=9),
    )
    accept_delivery(closed.book, "restated", actor="Ada", reason="a great refund")
    closed.let_pass(NOVEMBER)
    (parked,) = readiness(closed.book, NOVEMBER).parked
    assert parked.account_id == "acme"
    assert parked.reasons[0].startswith("late_credit_exceeds_bill: 2026-10 was billed 1012.35")
