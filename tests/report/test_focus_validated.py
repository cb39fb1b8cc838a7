"""FOCUS's own validator finds nothing in the demo's export but what docs/focus.md gives reasons for.

It runs in `.venv/focus`, which `make test` makes, with the rules of FOCUS 1.2 that are in its
package. That it would find something is shown by a file with a few wrong cells.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_run import DemoRun
from meterbook.report.focus import FocusRow, focus_csv, focus_rows
from report.focus_rules import ENVIRONMENT, NOT_HELD, ROOT, found_in, must_be_there, such

DOCS = (ROOT / "docs/focus.md").read_text("utf-8")


@pytest.fixture
def rows(demo: DemoRun) -> list[FocusRow]:
    stored = sorted(demo.root.glob("evidence/invoices/*/invoice.json"))
    return [row for path in stored for row in focus_rows(json.loads(path.read_bytes()))]


def test_no_rule_finds_anything_but_those_that_are_named(
    rows: list[FocusRow], tmp_path: Path
) -> None:
    (tmp_path / "demo.csv").write_bytes(focus_csv(rows))
    outcomes = found_in(tmp_path / "demo.csv")
    found = {name: outcomes[name] for name in such(outcomes, "failed", "errored")}
    assert set(found) == NOT_HELD, found
    held, skipped = (len(such(outcomes, outcome)) for outcome in ("passed", "skipped"))
    assert f"Of {len(outcomes)} rules {held} hold, {skipped} are skipped" in DOCS


def test_the_validator_finds_what_is_wrong(rows: list[FocusRow], tmp_path: Path) -> None:
    (tmp_path / "wrong.csv").write_bytes(focus_csv(wrong(rows)))
    assert such(found_in(tmp_path / "wrong.csv"), "failed") >= {
        "ServiceName-C-003-M", "Tags-C-001-M", "SkuPriceId-C-008-M", "BilledCost-C-003-M",
        "BillingCurrency-C-003-M", "ListUnitPrice-C-008-M", "PricingUnit-C-003-O",
    }  # fmt: skip


def wrong(rows: list[FocusRow]) -> list[FocusRow]:
    """The same with one mistake in each of some rows."""
    mistakes: list[FocusRow] = [
        {"ServiceName": None}, {"Tags": "plan=growth"}, {"SkuId": "another"}, {"BilledCost": None},
        {"BillingCurrency": "dollars"}, {"ListUnitPrice": "-1"}, {"PricingUnit": "Call (each)"},
    ]  # fmt: skip
    right = rows[len(mistakes) :]
    return [row | mistake for row, mistake in zip(rows, mistakes, strict=False)] + right


def test_the_docs_give_a_reason_for_every_rule_that_does_not_hold_or_apply() -> None:
    must_be_there()
    (model,) = ENVIRONMENT.glob("lib/*/site-packages/focus_validator/rules/model-1.2*.json")
    rules = json.loads(model.read_text("utf-8"))
    assert rules["Details"] == {"FOCUSVersion": "1.2", "ModelVersion": "1.2.0.1"}
    for name in (*rules["ApplicabilityCriteria"], *NOT_HELD):
        assert f"| `{name}` |" in DOCS, name
