"""The pages of a list, put together, are the list: with every filter, and while rows are added.

A cursor is of one tenant, one route and one set of filters, and nobody but us can make one.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serve.published_world import Fields, PublishedWorld, usage_event, write_events

DAYS = ("2026-12-01", "2026-12-02", "2026-12-03")
METRICS, MODULES = ("calls", "rows"), ("MOD-1", "MOD-2", "")
FILTERS = [
    dict(zip(("period", "day", "metric", "module"), chosen, strict=True))
    for chosen in product(("", "2026-12"), ("", *DAYS), ("", *METRICS), ("", "MOD-1", "-"))
]


@pytest.fixture
def world(tmp_path: Path) -> PublishedWorld:
    return PublishedWorld(tmp_path, tmp_path / "views")


def rows() -> st.SearchStrategy[list[Fields]]:
    """Events of which many share a moment, so that their order hangs on source and id."""
    moments = [f"{day}T{hour}Z" for day in DAYS for hour in ("00:00:00", "00:00:00.5", "23:59:59")]
    made = st.builds(
        usage_event,
        st.sampled_from(moments),
        st.text("ab1-", min_size=1, max_size=3),
        st.sampled_from(METRICS),
        st.sampled_from(MODULES),
    )
    return st.lists(made, max_size=14, unique_by=place)


def place(row: Fields) -> tuple[str, str, str]:
    return row["time"], row["source"], row["id"]


def oracle(events: list[Fields], chosen: Fields) -> list[Fields]:
    """What a filter leaves, worked out in the plainest way."""
    kept = []
    for event in sorted(events, key=place):
        is_day = not chosen["day"] or event["time"].startswith(chosen["day"])
        is_metric = not chosen["metric"] or event["metric"] == chosen["metric"]
        wanted = "" if chosen["module"] == "-" else chosen["module"]
        if is_day and is_metric and (not chosen["module"] or event["module_id"] == wanted):
            kept.append(event)
    return kept


def page(world: PublishedWorld, chosen: Fields, limit: int, cursor: str | None) -> Fields:
    asked = {**chosen, "limit": str(limit), "cursor": cursor or ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    said = world.ask(f"/v1/usage/events?{query}")
    assert said.status == 200, said.text
    return said.json


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_with_every_filter_the_pages_are_the_list(world: PublishedWorld, limit: int) -> None:
    events = [
        usage_event(f"{day}T0{hour}:00:00Z", f"e{at}", METRICS[at % 2], MODULES[at % 3])
        for day in DAYS
        for hour in (0, 5)
        for at in range(3)
    ]
    write_events(world.views_root, events)
    for chosen in FILTERS:
        shown, cursor = [], None
        while True:
            told = page(world, chosen, limit, cursor)
            shown += told["events"]
            if (cursor := told["next_cursor"]) is None:
                break
            assert len(told["events"]) == limit
        assert shown == oracle(events, chosen), chosen


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=rows(), added=rows(), limit=st.integers(1, 4), chosen=st.sampled_from(FILTERS))
def test_what_was_there_comes_once_while_rows_are_added(
    world: PublishedWorld, before: list[Fields], added: list[Fields], limit: int, chosen: Fields
) -> None:
    known = {place(row) for row in before}
    coming = [row for row in added if place(row) not in known]
    there = list(before)
    write_events(world.views_root, there)
    shown: list[Fields] = []
    cursor = None
    while True:
        told = page(world, chosen, limit, cursor)
        shown += told["events"]
        if (cursor := told["next_cursor"]) is None:
            break
        if coming:
            there.append(coming.pop())
            write_events(world.views_root, there)
    assert [place(row) for row in shown] == sorted({place(row) for row in shown})
    assert [row for row in shown if place(row) in known] == oracle(before, chosen)
    assert all(row in oracle(there, chosen) for row in shown)


@pytest.fixture
def cursor(world: PublishedWorld) -> str:
    """A cursor of cedar's whole list."""
    for tenant in ("cedar", "birch"):
        events = [usage_event(f"{DAYS[0]}T00:00:00Z", f"e{at}") for at in range(3)]
        write_events(world.views_root, events, tenant)
    given_one = world.ask("/v1/usage/events?limit=1").json["next_cursor"]
    assert isinstance(given_one, str)
    return given_one


def test_a_cursor_works_with_another_limit(world: PublishedWorld, cursor: str) -> None:
    assert len(world.ask(f"/v1/usage/events?cursor={cursor}&limit=7").json["events"]) == 2


def test_a_cursor_is_no_other_tenants(world: PublishedWorld, cursor: str) -> None:
    assert refusal(world, cursor, tenant_id="birch") == "BAD_CURSOR"


@pytest.mark.parametrize("more", ["&metric=calls", "&module=MOD-1", "&day=2026-12-01"])
def test_a_cursor_is_of_one_set_of_filters(world: PublishedWorld, cursor: str, more: str) -> None:
    assert refusal(world, cursor + more) == "BAD_CURSOR"


def test_a_cursor_with_any_letter_changed_is_refused(world: PublishedWorld, cursor: str) -> None:
    for at, letter in enumerate(cursor):
        changed = cursor[:at] + ("A" if letter != "A" else "B") + cursor[at + 1 :]
        assert refusal(world, changed) in ("BAD_CURSOR", "BAD_REQUEST"), at


@pytest.mark.parametrize("text", ["", "x", ".", "a.b", "a.b.c", "%00", "A" * 3000, "é.é"])
def test_what_is_no_cursor_is_refused(world: PublishedWorld, cursor: str, text: str) -> None:
    assert world.ask(f"/v1/usage/events?{urlencode({'cursor': text})}").status == 400


def refusal(world: PublishedWorld, cursor: str, tenant_id: str = "cedar") -> str:
    said = world.ask(f"/v1/usage/events?cursor={cursor}", tenant_id)
    assert said.status == 400, said.text
    code: str = said.json["code"]
    return code
