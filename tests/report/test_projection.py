"""An open month is projected by one rule, and priced by the tariff as if it were over.

What is there stays; each day that is left brings the mean of the last seven whole days, or of the
slowest and the busiest seven in a row. Low is never above what is expected, nor that above high:
always for quantities, and for totals unless more use costs less.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from close.small_world import World
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.canonical import canonical_json
from meterbook.close.frozen import read_document
from meterbook.close.late import numbered, sum_of
from meterbook.close.snapshot import tariff_line
from meterbook.invoice.amend import hand_line
from meterbook.period import Period
from meterbook.ports import Row
from meterbook.report.projection import Projection, band, crossing, projected
from meterbook_local.recalculator import TariffRecalculator
from report.open_months import (
    LAST,
    Fields,
    OpenMonth,
    Rate,
    at_the_end,
    bill,
    cut,
    day,
    paces,
)
from report.proof_world import NOVEMBER, OCTOBER

ACCOUNTS = ("acme", "birch", "cedar")
RECALCULATOR = TariffRecalculator()
TIERS = (("100", "0.04"), ("900", "0.03"), ("", "0.035"))


@st.composite
def rates(draw: st.DrawFn, pricings: Sequence[str]) -> Rate:
    pricing = draw(st.sampled_from(pricings))
    tiers = TIERS if pricing in ("graduated", "volume") else ()
    included, size = draw(st.sampled_from(("0", "500"))), draw(st.sampled_from(("1", "100")))
    return Rate(pricing, draw(st.sampled_from(("0.05", "3.777"))), included, size, tiers)


@st.composite
def open_months(draw: st.DrawFn, pricings: Sequence[str]) -> OpenMonth:
    counts = st.lists(st.integers(-2_000, 400_000), min_size=1, max_size=31)
    usd = st.lists(st.integers(-(10**11), 3 * 10**13), max_size=31)
    return OpenMonth(
        rate=draw(rates(pricings)),
        used=draw(counts),
        spent=draw(usd),
        minimum=draw(st.sampled_from(("", "150", "900"))),
        percent=draw(st.sampled_from(("", "7.5"))),
    )


def named(months: Sequence[OpenMonth]) -> list[OpenMonth]:
    return [replace(month, name=f"t{number}") for number, month in enumerate(months)]


def as_it_stands(months: Sequence[OpenMonth]) -> list[Fields]:
    """The bodies with the lines that a close would give them now."""
    bodies = [month.body() for month in months]
    for body, result in zip(bodies, RECALCULATOR.results(bodies), strict=True):
        lines = [tariff_line(row) for row in sorted(result.lines, key=in_order)]
        body["lines"] = numbered([*lines, *body["lines"]])
        body["total"] = sum_of(body["lines"], "USD")
    return bodies


def in_order(row: Row) -> tuple[int, int]:
    kinds = ("variable", "minimum", "passthrough", "discount")
    return kinds.index(str(row["kind"])), int(str(row["tier"]))


def figures(body: Fields) -> tuple[Fraction, Fraction, Fraction]:
    """Quantity, cost and total of a body of one metric and one source."""
    (row,) = body["quantities"]
    cost = sum((Fraction(one["cost_usd"]) for one in body["costs"]), Fraction())
    return Fraction(row["quantity"]), cost, Fraction(body["total"])


def of(month: OpenMonth, through: int, new_ids: Sequence[Fields] = ()) -> Projection:
    (found,) = projected([month.body()], day(through), RECALCULATOR, new_ids)
    assert found
    return found


def three(found: Projection) -> list[tuple[Fraction, Fraction, Fraction]]:
    return [figures(body) for body in (found.low, found.expected, found.high)]


def quantities(found: Projection) -> list[str]:
    return [body["quantities"][0]["quantity"] for body in (found.low, found.expected, found.high)]


@settings(max_examples=4, derandomize=True)
@given(
    st.lists(open_months(("flat", "graduated", "volume", "package")), min_size=1, max_size=12),
    st.integers(1, 30),
)
def test_a_month_is_projected_and_priced_as_by_hand(
    given_months: Sequence[OpenMonth], through: int
) -> None:
    months = named(given_months)
    told = max((n for m in months for n in range(1, len(m.spent) + 1) if n <= through), default=0)
    told = max(told, through - 3)
    found = projected(as_it_stands(months), day(through), RECALCULATOR)
    for month, projection in zip(months, found, strict=True):
        assert projection
        used = [Fraction(count, 1000) for count in month.used]
        spent = [Fraction(units, 10**12) for units in month.spent]
        for place, (quantity, cost, total) in enumerate(three(projection)):
            at = paces(used, through)[place]
            assert quantity == by_hand(used, through, at, 6)
            assert cost == (by_hand(spent, told, paces(spent, told)[place], 12) if spent else 0)
            assert total == bill(month, quantity, cost)


def by_hand(days: Sequence[Fraction], through: int, pace: Fraction, digits: int) -> Fraction:
    there = sum(days, Fraction())
    return there + cut(at_the_end(days, through, pace) - there, digits)


@settings(max_examples=4, derandomize=True)
@given(
    st.lists(open_months(("flat", "graduated", "package")), min_size=1, max_size=8),
    st.integers(1, 30), st.integers(0, 30), st.integers(0, 400_000),
)  # fmt: skip
def test_more_use_never_lowers_high_and_the_three_are_in_order(
    given_months: Sequence[OpenMonth], through: int, at: int, more: int
) -> None:
    months = [replace(month, spent=()) for month in given_months]
    busier = [
        replace(m, used=[u + more * (n == at % len(m.used)) for n, u in enumerate(m.used)])
        for m in months
    ]
    found = projected(as_it_stands(named([*months, *busier])), day(through), RECALCULATOR)
    totals = [three(projection) for projection in found if projection]
    for low, expected, high in totals:
        assert low[0] <= expected[0] <= high[0]
        assert low[2] <= expected[2] <= high[2]
    for (*_, less), (*_, greater) in zip(totals[: len(months)], totals[len(months) :], strict=True):
        assert less[0] <= greater[0]
        assert less[2] <= greater[2]


def test_under_volume_prices_more_can_cost_less_and_the_three_are_put_in_order() -> None:
    tiers = (("1050", "1"), ("", "0.5"))
    # 713 by now: the slowest week brings it to 1,021 at 1 USD, the busiest to 1,113 at half of it.
    month = OpenMonth(
        rate=Rate("volume", tiers=tiers), used=[30_000, *[31_000] * 13, *[40_000] * 7]
    )
    found = of(month, 21)
    bodies = (found.low, found.expected, found.high)
    assert [body["total"] for body in bodies] == ["1021.57", "556.50", "556.50"]
    low, expected, high = (Decimal(body["total"]) for body in bodies)
    assert band(low, expected, high) == (expected, expected, low)


@pytest.mark.parametrize("period", [OCTOBER, NOVEMBER], ids=str)
def test_a_month_that_is_over_projects_to_itself(proven: World, period: Period) -> None:
    bodies = [read_document(proven.landing, period, account).body for account in ACCOUNTS]
    for body, found in zip(bodies, projected(bodies, period.end, RECALCULATOR), strict=True):
        assert found
        assert found.low == found.expected == found.high == body


def test_what_the_tariff_has_no_say_in_stays_as_it_is(proven: World) -> None:
    bodies = [read_document(proven.landing, NOVEMBER, account).body for account in ACCOUNTS]
    last_but_one = NOVEMBER.end - timedelta(days=2)
    for body, found in zip(bodies, projected(bodies, last_but_one, RECALCULATOR), strict=True):
        assert found
        assert late(found.high) == late(body)
        assert [line["line_number"] for line in found.high["lines"]] == [
            number for number, _ in enumerate(found.high["lines"], start=1)
        ]
        assert {frozenset(line) for line in found.high["lines"]} == {
            frozenset(line) for line in body["lines"]
        }
    assert any(late(body) for body in bodies)


def late(body: Fields) -> list[Fields]:
    return [
        {name: value for name, value in line.items() if name != "line_number"}
        for line in body["lines"]
        if line["line_kind"] == "adjustment"
    ]


def test_a_line_that_a_person_wrote_is_neither_dropped_nor_priced_again() -> None:
    month = OpenMonth(used=[100_000] * 10, lines=[hand_line("-5.00", "An apology")])
    found = of(month, 10)
    assert [line["amount"] for line in found.expected["lines"]] == ["155.00", "-5.00"]
    assert found.expected["total"] == "150.00"


def test_what_the_day_at_hand_has_brought_is_not_counted_twice() -> None:
    found = of(OpenMonth(used=[*[100_000] * 14, 30_000]), 14)
    assert quantities(found) == ["3100.000000"] * 3
    busy = of(OpenMonth(used=[*[100_000] * 29, 500_000]), 29)
    assert quantities(busy) == ["3400.000000"] * 3


def test_a_bill_that_comes_late_goes_on_from_its_own_last_day() -> None:
    found = of(OpenMonth(used=[1000] * 15, spent=[10**12] * 13), 15)
    assert {cost for _, cost, _ in three(found)} == {Fraction(31)}
    (added,) = found.expected["costs"][13:]
    assert (added["usage_date"], added["cost_usd"]) == ("2026-10-31", "18.000000000000")
    # What a bill says nothing of for longer cost nothing.
    once = of(OpenMonth(used=[1000] * 15, spent=[7 * 10**12]), 15)
    assert [cost for _, cost, _ in three(once)] == [7, 7, 7 + 19]
    # Whose cost ended while others have theirs has none on the days since.
    own, other = OpenMonth("own", spent=[7 * 10**12, 0]), OpenMonth("other", spent=[10**12] * 7)
    ended, _ = projected(as_it_stands([own, other]), day(7), RECALCULATOR)
    assert ended
    assert figures(ended.expected)[1] == 7 + 24


def test_ids_that_count_once_become_fewer() -> None:
    month = OpenMonth(counts="distinct", counted="310.000000", used=[90_000] * 10)
    assert quantities(of(month, 10)) == ["310.000000", "961.000000", "961.000000"]
    firsts = [100, 60, 40, 30, 20, 15, 15, 10, 10, 10]
    rows = [
        {"tenant_id": "t", "metric": "calls", "usage_date": day(n), "new_ids": new}
        for n, new in enumerate(firsts, start=1)
    ]
    assert quantities(of(month, 10, rows)) == ["310.000000", "640.000000", "961.000000"]
    # Half an id is nobody.
    assert quantities(of(replace(month, counted="10.000000"), 3)) == [
        "10.000000", "103.000000", "103.000000",
    ]  # fmt: skip


@pytest.mark.parametrize("counts", ["max", "latest"])
def test_a_level_stays_what_it_is(counts: str) -> None:
    month = OpenMonth(counts=counts, counted="12.000000", used=[12_000, 9_000])
    assert quantities(of(month, 10)) == ["12.000000"] * 3


def test_levels_that_are_held_add_up_and_credits_without_days_go_on_as_they_have() -> None:
    held = OpenMonth(counts="time_weighted", used=[500] * 10)
    assert quantities(of(held, 10)) == ["15.500000"] * 3
    assert quantities(of(OpenMonth(counted="3.100000"), 10)) == ["9.610000"] * 3


def test_what_is_added_is_cut_never_rounded_up() -> None:
    assert quantities(of(OpenMonth(used=[1000, 0, 1000]), 3)) == ["20.666666"] * 3


def test_what_was_given_back_does_not_go_on() -> None:
    month = OpenMonth(used=[*[50_000] * 7, *[-10_000] * 7], spent=[*[0] * 14])
    assert [quantity for quantity, _, _ in three(of(month, 14))] == [280, 280, 280 + 17 * 50]


def test_a_tenant_is_projected_over_its_own_days_alone() -> None:
    newcomer = OpenMonth(used=[*[0] * 16, *[40_000] * 4], starts_on="2026-10-17")
    assert quantities(of(newcomer, 20)) == ["600.000000"] * 3
    leaver = OpenMonth(used=[10_000] * 15, ends_on="2026-10-21")
    assert quantities(of(leaver, 15)) == ["200.000000"] * 3
    assert of(leaver, 25).high["quantities"] == leaver.body()["quantities"]


def test_a_month_without_a_whole_day_or_an_exact_amount_has_no_projection() -> None:
    endless = OpenMonth("endless", rate=Rate(price="1" + "0" * 18), used=[400_000] * 3)
    to_come = OpenMonth("to-come", starts_on="2026-10-20")
    bodies = as_it_stands([endless, to_come, OpenMonth("fine", used=[1000])])
    *nothing, fine = projected(bodies, day(3), RECALCULATOR)
    assert nothing == [None, None]
    assert fine
    assert projected(bodies, day(1) - timedelta(days=1), RECALCULATOR) == [None] * 3


def test_the_same_facts_give_the_same_bytes_and_are_left_as_they_are() -> None:
    months = [
        OpenMonth(f"t{n}", used=[n * 1000] * n, spent=[n] * 20, language="de") for n in (9, 4)
    ]
    bodies = as_it_stands(months)
    before = copy.deepcopy(bodies)
    together = projected(bodies, day(20), RECALCULATOR)
    alone = [found for body in bodies for found in projected([body], day(20), RECALCULATOR)]
    assert bytes_of(together) == bytes_of(alone)
    assert bodies == before
    assert together[0]
    assert "bis 20.10.2026" in together[0].basis


def bytes_of(found: Sequence[Projection | None]) -> str:
    return canonical_json([[one.low, one.expected, one.high, one.basis] for one in found if one])


@given(
    st.lists(st.integers(-5, 60), min_size=1, max_size=31), st.integers(1, 31), st.integers(1, 900)
)
def test_the_day_on_which_what_is_included_is_used_up(
    counts: Sequence[int], through: int, included: int
) -> None:
    days = {day(n): Fraction(count) for n, count in enumerate(counts, start=1)}
    found = crossing(days, Fraction(included), day(through), LAST)
    assert found == crossed(counts, through, included)


def crossed(counts: Sequence[int], through: int, included: int) -> date | None:
    """By hand: the first day that reaches it, then day after day at the mean of the last week."""
    for n in range(1, len(counts) + 1):
        if sum(counts[:n]) >= included:
            return day(n)
    pace = paces([Fraction(count) for count in counts], through)[1]
    used = Fraction(sum(counts[:through]))
    for n in range(through + 1, 32):
        used += pace
        if used >= included:
            return day(n)
    return None


def test_nothing_included_is_never_used_up_and_a_newcomers_pace_is_its_own() -> None:
    days = {day(17): Fraction(40), day(18): Fraction(40)}
    assert crossing(days, Fraction(), day(18), LAST) is None
    assert crossing(days, Fraction(200), day(18), LAST) == day(29)
    assert crossing(days, Fraction(200), day(18), LAST, day(17)) == day(21)
