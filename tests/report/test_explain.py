"""A line is explained by parts that sum to it exactly, down to events and landed rows of cost."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from close.small_world import World
from meterbook.errors import InputRefused
from meterbook.report.explain import Explanation, explain
from meterbook.report.explained import UNTRACED, ExplainedLine, Part, written
from report.proof_world import CEDAR, issued


@pytest.fixture(scope="module")
def explained(proven: World) -> dict[str, Explanation]:
    return {number: explain(proven.book, number) for number, _ in issued(proven)}


def _lines(explained: dict[str, Explanation]) -> Iterator[ExplainedLine]:
    return (line for document in explained.values() for line in document.lines)


def _line(document: Explanation, kind: str, metric: str = "", tier: str = "1") -> ExplainedLine:
    (found,) = (
        one
        for one in document.lines
        if (one.line["line_kind"], one.line["metric"], one.line["tier"]) == (kind, metric, tier)
    )
    return found


def _all(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all(part.parts)


def test_the_parts_of_every_line_sum_to_it_exactly(explained: dict[str, Explanation]) -> None:
    kinds = set()
    for one in _lines(explained):
        assert sum(part.amount for part in one.parts) == Fraction(one.line["amount"])
        for part in _all(one.parts):
            assert not part.parts or sum(below.amount for below in part.parts) == part.amount
            assert part.what != UNTRACED
        assert one.parts[-1].what == "rounding"
        kinds.add(one.line["line_kind"])
    assert kinds == {
        "levy", "facility", "variable", "minimum", "passthrough", "discount", "credit",
        "adjustment",
    }  # fmt: skip


def test_what_is_counted_is_what_the_line_bills(explained: dict[str, Explanation]) -> None:
    for one in _lines(explained):
        if one.line["line_kind"] in ("levy", "variable"):
            counted = sum(part.quantity or Fraction() for part in one.parts)
            assert counted == Fraction(one.line["billable_quantity"])


def test_a_tier_shows_what_is_included_and_what_other_tiers_bill(
    explained: dict[str, Explanation],
) -> None:
    found = _line(explained[CEDAR], "variable", "api_calls", "2")
    told = [(part.what, part.quantity) for part in found.parts[-3:-1]]
    assert told == [("included", -500), ("billed in other tiers", -1000)]
    (event,) = found.parts[0].parts
    assert (event.what, event.quantity) == ("event cedar-api_calls-2", Fraction("733.5"))
    assert ".jsonl.gz, row 1" in event.place


def test_a_begun_package_a_peak_and_a_last_value_are_explained(
    explained: dict[str, Explanation],
) -> None:
    document = explained[CEDAR]
    package = _line(document, "variable", "messages")
    assert package.parts[-2].quantity == 99
    for metric, tier in (("peak_users", "2"), ("seats", "1")):
        (below,) = _line(document, "variable", metric, tier).parts[0].parts
        assert below.what == f"event cedar-{metric}-4"


def test_heads_are_counted_by_the_first_event_of_each(explained: dict[str, Explanation]) -> None:
    found = _line(explained[CEDAR], "levy", "active_customers")
    assert [part.what for part in found.parts] == ["e0", "e1", "e2", "rounding"]
    assert found.steps[0] == "the list of ids is the one whose hash was frozen"


def test_a_level_that_holds_since_a_former_month_is_named(
    explained: dict[str, Explanation],
) -> None:
    document = next(
        d for d in explained.values() if (d.account_id, d.period) == ("cedar", "2026-11")
    )
    found = _line(document, "variable", "stored")
    assert found.parts[0].place == "25.5 since 2026-10-20 06:30:00"


def test_cost_is_explained_by_landed_rows_and_by_the_share_of_a_pool(
    proven: World, explained: dict[str, Explanation]
) -> None:
    pool, day, *_ = _line(explained[CEDAR], "passthrough", "aws").parts
    assert not pool.parts, "the late event has changed the share since"
    landed = day.parts[0].parts[0]
    assert (landed.quantity, landed.unit) == (Fraction("31.00000000001"), "USD")
    (first, *_) = _line(explained["NIM-2026-000002"], "facility").parts
    assert first.amount == 250


def test_what_came_after_the_close_stands_apart(explained: dict[str, Explanation]) -> None:
    (late,) = _line(explained[CEDAR], "variable", "api_calls", "2").later
    assert (late.what, late.quantity) == ("2026-10-03 MOD-1 event cedar-api_calls-90", 100)
    (restated,) = _line(explained[CEDAR], "passthrough", "aws").later
    assert restated.what.endswith("by rule pool:1")


def test_an_adjustment_tells_what_was_known_billed_and_came_late(
    explained: dict[str, Explanation],
) -> None:
    document = next(
        d for d in explained.values() if (d.account_id, d.period) == ("acme", "2026-11")
    )
    found = _line(document, "adjustment", "api_calls")
    assert [written(part.amount) for part in found.parts] == ["6.2", "-4.6", "0"]
    assert [late.quantity for late in found.later] == [4000]


def test_one_line_can_be_asked_for_and_one_that_is_not_there_is_refused(proven: World) -> None:
    assert [one.line["line_number"] for one in explain(proven.book, CEDAR, 2).lines] == [2]
    with pytest.raises(InputRefused, match="and none 99"):
        explain(proven.book, CEDAR, 99)
    with pytest.raises(InputRefused, match="no issued document"):
        explain(proven.book, "X-1")


@pytest.mark.parametrize(
    ("value", "text"),
    [("5", "5"), ("-1/8", "-0.125"), ("1/3", "1/3"), ("1/3200000", "0.0000003125"), ("-20", "-20")],
)
def test_a_number_is_written_in_full_or_as_a_fraction(value: str, text: str) -> None:
    assert written(Fraction(value)) == text
