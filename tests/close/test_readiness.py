"""A month is frozen when nothing speaks against it, or when somebody has said why it may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from close.small_world import NOW, PERIOD, World, config, event, land
from costs.account_usage_exports import DAILY, HOURLY, day_line, export, hour_line
from meterbook.close.close_period import close_readiness, close_when_ready
from meterbook.close.decide import approve, decide
from meterbook.close.frozen import read_document
from meterbook.close.readiness import Blocker
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.costs.reconcile_costs import reconcile_costs
from meterbook.errors import InputRefused, PeriodNotReady, Refused
from meterbook.period import Period

NOVEMBER = Period.parse("2026-11")


def points(world: World) -> dict[str, Blocker]:
    """What the gate knows of October, by name; what there is nothing of is left out."""
    stands = close_readiness(world.book, PERIOD)
    return {point.blocker: point for point in stands.points if point.measure}


def test_a_decision_lets_a_point_pass_and_is_frozen_with_who_took_it(world: World) -> None:
    (point,) = points(world).values()
    assert (point.blocker, point.measure, point.decided_by) == ("cost_missing", 29, "Ada")
    world.close_october()
    (decision,) = read_document(world.landing, PERIOD, "acme").body["decisions"]
    assert (decision["actor"], decision["subject"]) == ("Ada", "2026-10.cost_missing.29")


def test_more_of_what_was_decided_about_asks_again(world: World) -> None:
    world.use("wrong", [event("acme", "api_calls", "many", 1)])
    with pytest.raises(PeriodNotReady, match=r"1 event\(s\) that cannot be billed \(rejects\)"):
        world.close(PERIOD)
    decide(world.book, PERIOD, "rejects", actor="Ada", reason="a test of theirs")
    assert not points(world)["rejects"].is_open
    world.use("wrong-again", [event("acme", "api_calls", "more", 2)])
    found = points(world)["rejects"]
    assert (found.measure, found.is_open) == (2, True)


def test_a_day_that_was_told_too_early_keeps_a_month_open(world: World) -> None:
    early = datetime(2026, 11, 1, 8, tzinfo=UTC)
    world.spend("early", [(date(2026, 10, 31), "acme", "3")], at=early)
    assert points(world)["cost_not_settled"].measure == 1


def test_a_day_that_aws_only_estimates_keeps_a_month_open(world: World) -> None:
    october = [(date(2026, 10, 3), "acme", "13.350678901"), (date(2026, 10, 4), "birch", "0.5")]
    world.spend("asked", october, stream="aws_cost", estimated=["2026-10-04"])
    assert "cost_estimated" not in points(world)  # the bill counts, and it is final
    world.apply(config("cost_source", "aws_cost"))
    assert points(world)["cost_estimated"].measure == 1


@pytest.mark.parametrize(("read_at", "days"), [("03T23:59:59", 1), ("04T00:00:00", 0)])
def test_a_day_of_credits_that_was_read_too_early_keeps_a_month_open(
    world: World, tmp_path: Path, read_at: str, days: int
) -> None:
    """Snowflake's figures of a day are final two days after its end."""
    files = [
        export(tmp_path / "days.csv", DAILY, day_line()),
        export(tmp_path / "hours.csv", HOURLY, hour_line()),
    ]
    ingest_account_usage(world.at(datetime.fromisoformat(f"2026-10-{read_at}Z")), files)
    point = points(world).get("credits_not_final")
    assert (point.measure if point else 0) == days


def test_two_sources_that_nobody_has_held_against_each_other_keep_a_month_open(
    world: World,
) -> None:
    october = [
        (date(2026, 10, 3), "acme", "12.345678901"),
        (date(2026, 10, 3), "birch", "1.005"),
        (date(2026, 10, 4), "birch", "0.5"),
    ]
    world.spend("asked", october, stream="aws_cost")
    assert points(world)["reconciliation"].measure == 1
    world.apply(config("reconcile_tolerance_usd", "0"))
    assert reconcile_costs(world.book, PERIOD).verdict == "agrees"
    assert "reconciliation" not in points(world)


def test_a_halved_day_that_waits_for_a_person_keeps_a_month_open(world: World) -> None:
    world.spend("halved", [(date(2026, 10, 3), "acme", "1")], at=NOW.replace(day=6))
    assert points(world)["delivery_suspicious"].measure == 1


def test_a_reject_of_another_month_is_not_this_months(world: World) -> None:
    late = event("acme", "api_calls", "many", 1) | {"time": "2026-11-02T12:00:00Z"}
    world.use("november", [late])
    assert "rejects" not in points(world)


def test_a_reject_whose_time_nobody_can_read_may_be_of_any_month(world: World) -> None:
    world.use("when", [event("acme", "api_calls", "1", 1) | {"time": "at ten"}])
    assert points(world)["rejects"].measure == 1


def test_a_lost_event_keeps_a_month_open(world: World) -> None:
    told = [
        event("acme", "api_calls", "1", 60 + n) | {"producer": "p", "sequence": str(n)}
        for n in (1, 3)
    ]
    world.use("numbered", told)
    assert points(world)["usage_gap"].measure == 1


def test_a_day_with_too_much_unowned_cost_keeps_a_month_open(world: World) -> None:
    world.spend("unowned", [(date(2026, 10, 5), "", "3")])
    assert points(world)["unattributed"].measure == 1


def test_nobody_decides_that_a_sum_is_right(world: World) -> None:
    world.spend("cut", [(date(2026, 10, 9), "acme", "5")], control_off_by="1")
    with pytest.raises(Refused, match="nobody lets it pass here"):
        decide(world.book, PERIOD, "conservation", actor="Ada", reason="it will do")


@pytest.mark.parametrize(("actor", "reason"), [("", "because"), ("Ada", " ")])
def test_a_decision_has_a_name_and_a_reason(world: World, actor: str, reason: str) -> None:
    with pytest.raises(InputRefused, match="A decision needs"):
        decide(world.book, PERIOD, "cost_missing", actor=actor, reason=reason)


def test_what_does_not_block_is_not_decided(world: World) -> None:
    with pytest.raises(Refused, match="'rejects' does not block 2026-10"):
        decide(world.book, PERIOD, "rejects", actor="Ada", reason="none there")


def test_an_unattended_close_waits_and_says_for_what(world: World) -> None:
    world.use("wrong", [event("acme", "api_calls", "many", 1)])
    out = world.outbox, world.announced, "meterbook"
    found = close_when_ready(world.book, *out, None)
    assert found.done.closed == []
    assert found.waiting_for == ["1 event(s) that cannot be billed"]
    assert (found.open_accounts, found.blocked_days) == (["acme", "birch"], 4)
    decide(world.book, PERIOD, "rejects", actor="Ada", reason="a test of theirs")
    found = close_when_ready(world.book, *out, None)
    assert [one.account_id for one in found.done.closed] == ["acme", "birch"]
    assert (found.waiting_for, found.blocked_days) == ([], 0)


# ---- what goes out ------------------------------------------------------------------------------


def approvals(world: World) -> Iterator[tuple[str, str, bool]]:
    for row in world.book.show("v_document_approvals"):
        yield str(row["period_start"])[:7], str(row["account_id"]), bool(row["is_approved"])


def close_november(world: World, calls: str) -> None:
    """November with so many calls of birch."""
    day = {"time": "2026-11-03T12:00:00Z"}
    world.use("november", [event("birch", "api_calls", calls, 501) | day])
    world.book = world.at(NOW.replace(month=12))
    world.let_pass(NOVEMBER)
    world.close(NOVEMBER)


def test_a_bill_far_from_those_before_it_waits_for_a_person(world: World) -> None:
    world.close_october()
    assert [is_approved for *_, is_approved in approvals(world)] == [True, True]
    close_november(world, "900000")  # 250.31 in October, 250 + 359.60 now
    assert ("2026-11", "birch", False) in set(approvals(world))
    assert ("2026-11", "acme", True) in set(approvals(world))
    approve(world.book, NOVEMBER, "birch", actor="Bo", reason="their big launch")
    assert ("2026-11", "birch", True) in set(approvals(world))
    with pytest.raises(Refused, match="waits for nobody: Bo has approved it"):
        approve(world.book, NOVEMBER, "birch", actor="Cy", reason="again")


def test_a_bill_inside_the_band_waits_for_nobody(world: World) -> None:
    world.close_october()
    close_november(world, "90000")
    assert {is_approved for *_, is_approved in approvals(world)} == {True}
    with pytest.raises(Refused, match="Account nobody is not closed for 2026-11"):
        approve(world.book, NOVEMBER, "nobody", actor="Bo", reason="none there")


def freeze(world: World, account: str, bills: str) -> None:
    """Land closes of one account, month by month from 2026-01, of so much each: `EUR 100, USD 7`."""
    rows: list[dict[str, str]] = []
    for month, bill in enumerate(bills.split(", "), start=1):
        currency, total = bill.split()
        place = {"period": f"2026-{month:02d}", "account_id": account, "subject": ""}
        of = {"refers_kind": "", "refers_subject": "", "seller_id": "nimbus"}
        rows.append(
            place | of | {"kind": "close", "document_kind": "invoice", "currency": currency}
            | {"total": total, "snapshot_sha256": "", "close_start": f"2026-{month:02d}-01"}
            | {"closed_at": "2026-11-05T08:00:00.000000Z"}
        )  # fmt: skip
    note = {"kind": "document", "document_kind": "credit_note", "subject": "late", "total": "1"}
    rows.append(rows[-1] | note | {"period": "2026-01"})
    land(world.landing, "closes", account, rows, family=account)


def test_a_bill_is_held_against_the_three_before_it_in_its_currency(world: World) -> None:
    """And what a close brings about beside it, for whatever month, waits with it."""
    of = {
        "as-high-as-the-third": ("USD 100, USD 10, USD 10, USD 100", True),
        "as-high-as-the-fourth": ("USD 100, USD 10, USD 10, USD 10, USD 100", False),
        "at-the-upper-end": ("USD 100, USD 150", True),
        "above-the-upper-end": ("USD 100, USD 150.01", False),
        "at-the-lower-end": ("USD 100, USD 50", True),
        "below-the-lower-end": ("USD 100, USD 49.99", False),
        "other-currency": ("USD 100, EUR 1", True),
        "other-currency-between": ("EUR 100, USD 1, USD 1, USD 1, EUR 300", False),
    }
    for account, (bills, _) in of.items():
        freeze(world, account, bills)
    world.book.update()
    for account, (bills, is_approved) in of.items():
        rows = world.book.show("v_document_approvals", {"account_id": account})
        last = [bool(row["is_approved"]) for row in rows if row["subject"] == "late"]
        last += [bool(row["is_approved"]) for row in rows if row["subject"] == ""][-1:]
        assert last == [is_approved] * 2, f"{account}: {bills}"
