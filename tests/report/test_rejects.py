"""What is not billed is listed by reason, worth what the card of its day says, and counted once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cli.tiny_month import BAD_USAGE, USAGE_MAPPING
from meterbook.canonical import short
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.collect.ingest_usage import ingest_usage, read_usage_mapping
from meterbook.report.rejects import refused, refused_lines
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import Workspace, open_workspace

CATALOG = """
{kind: metric, id: calls, unit: call, conversions: {kcall: 1000, mcall: 0.001}}
---
{kind: metric, id: old_calls, unit: call, until: 2026-10-01}
---
{kind: metric, id: seats, unit: seat, aggregation: max}
---
{kind: metric, id: users, unit: user, aggregation: distinct, counts: user}
---
{kind: metric, id: weight, unit: s, visibility: internal}
---
kind: plan
id: basic
version: 1
currency: USD
levy: {metric: users, unit_price: 3}
rates:
  - {metric: calls, included: 1000000, unit_price: 0.50, per: 10}
  - {metric: old_calls, unit_price: 1}
  - {metric: seats, unit_price: 9}
---
{kind: plan, id: basic, version: 2, currency: USD, rates: [{metric: calls, unit_price: 7}]}
---
{kind: plan, id: euro, version: 1, currency: EUR, rates: [{metric: calls, unit_price: 0.02}]}
---
kind: tenant
id: acme
subscriptions: [{plan: basic, version: 1}, {plan: basic, version: 2, from: 2026-10-20}]
---
{kind: tenant, id: bolt, subscriptions: [{plan: euro, version: 1}]}
---
{kind: tenant, id: cove}
"""


def usage(number: int, quantity: str, **other: Any) -> dict[str, Any]:
    """An event that would count, with what makes it odd."""
    data = {"quantity": quantity, "unit": other.pop("unit", "")}
    event = {"specversion": "1.0", "id": f"e-{number}", "source": "/MOD-1/f", "type": "calls"}
    return event | {"subject": "acme", "time": "2026-10-05T10:00:00Z", "data": data} | other


LATER = {"time": "2026-10-05T10:00:00+02:00"}


def at_stake(workspace: Workspace, *events: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    """Each reason with its events, its lines and their price; found anew for these events."""
    folder = workspace.root.parent
    (folder / "catalog").mkdir(exist_ok=True)
    (folder / "catalog/all.yaml").write_text(CATALOG)
    apply_catalog(workspace.book, read_catalog(folder / "catalog"))
    mapping = folder / "events.yaml"
    mapping.write_text("source: events\nformat: cloudevents\n")
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    ingest_usage(workspace.book, [file], read_usage_mapping(mapping))
    return [
        (
            of.reason,
            of.event_count,
            of.line_count,
            "" if of.amount is None else f"{short(of.amount)} {of.currency}",
        )
        for of in refused(workspace.book)
    ]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    clock = FixedClock(datetime(2026, 11, 5, 8, tzinfo=UTC))
    with open_workspace(tmp_path / "book", clock, "test") as opened:
        yield opened


def test_a_refused_event_is_worth_what_the_card_of_its_day_says(workspace: Workspace) -> None:
    found = at_stake(
        workspace,
        usage(1, "30", **LATER),
        usage(2, "0.2", time="2026-10-25T10:00:00+02:00"),
        usage(3, "100", subject="bolt", **LATER),
        usage(4, "2", type="old_calls"),
    )
    assert found == [
        ("metric_deprecated", 1, 1, "2 USD"),
        ("time_not_utc", 1, 1, "2 EUR"),
        ("time_not_utc", 2, 2, "2.9 USD"),
    ]


def test_a_unit_that_the_catalog_converts_is_priced_in_the_metrics_own(
    workspace: Workspace,
) -> None:
    found = at_stake(
        workspace,
        usage(1, "2", unit="kcall", **LATER),
        usage(2, "0.0001", unit="mcall"),
        usage(3, "2", unit="byte"),
    )
    assert found == [
        ("quantity_too_fine", 1, 1, "0.000000005 USD"),
        ("time_not_utc", 1, 1, "100 USD"),
        ("unit_mismatch", 1, 1, ""),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"subject": "nobody"},
        {"subject": "cove"},
        {"type": "nothing"},
        {"type": "seats"},
        {"type": "users"},
        {"type": "weight"},
        {"data": {"quantity": "1,5"}},
        {"data": {"quantity": "1" * 40}},
        {"data": {}},
        {"time": "yesterday"},
    ],
    ids=str,
)
def test_where_no_price_is_known_none_is_shown(odd: dict[str, Any], workspace: Workspace) -> None:
    ((_, events, lines, price),) = at_stake(workspace, usage(1, "5") | LATER | odd)
    assert (events, lines, price) == (1, 1, "")


def test_an_event_on_several_lines_is_worth_its_price_once(workspace: Workspace) -> None:
    late = usage(1, "30", **LATER)
    fine = usage(1, "30.1234567")
    assert at_stake(workspace, late, late, fine) == [
        ("quantity_too_fine", 1, 1, ""),
        ("time_not_utc", 1, 2, "1.5 USD"),
    ]


def test_an_event_that_counts_after_all_has_nothing_at_stake(workspace: Workspace) -> None:
    found = at_stake(workspace, usage(1, "30", **LATER), usage(1, "30"), usage(1, "31"))
    assert [(reason, price) for reason, *_, price in found] == [
        ("conflicting_duplicate", ""),
        ("time_not_utc", ""),
    ]


def test_a_correction_that_was_not_taken_lowers_what_is_at_stake(workspace: Workspace) -> None:
    assert at_stake(workspace, usage(1, "-4")) == [("negative_without_reversal", 1, 1, "-0.2 USD")]


def test_a_book_that_refuses_nothing_has_nothing_to_list(workspace: Workspace) -> None:
    assert at_stake(workspace, usage(1, "1")) == []
    assert refused_lines(workspace.book) == []


def test_a_line_is_listed_with_the_file_and_row_that_a_person_knows(
    workspace: Workspace, tmp_path: Path
) -> None:
    at_stake(workspace, usage(1, "2", unit="byte"))
    mapping, file = tmp_path / "app.yaml", tmp_path / "bad.csv"
    mapping.write_text(USAGE_MAPPING.replace(", unit: call", ""))
    file.write_text(BAD_USAGE)
    ingest_usage(workspace.book, [file], read_usage_mapping(mapping))
    assert [
        (of.reason, of.file, of.row, of.tenant_id, of.quantity_text, of.unit)
        for of in refused_lines(workspace.book)
    ] == [
        ("quantity_not_a_number", "bad.csv", "2", "acme", "1,5", ""),
        ("quantity_not_a_number", "bad.csv", "3", "acme", "NaN", ""),
        ("unit_mismatch", "events.jsonl", "1.0", "acme", "2", "byte"),
        ("unknown_tenant", "bad.csv", "4", "nobody", "1", ""),
    ]
