"""`demo` and `real` go the whole way in one command, in a workspace that they make afresh."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli.saying import run_in
from demo_run import DemoRun
from meterbook.canonical import sha256

FIELDS = {
    "aws_cost_total_usd",
    "aws_cost_control_usd",
    "attributed_usd",
    "control_usd",
    "kept_usd",
    "unattributed_usd",
    "unattributed_share",
    "threshold_event",
    "conservation_residual_usd",
    "usage",
    "rejected_events",
    "not_usage_lines",
    "invoices",
}


def _summary(root: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((root / "summary.json").read_text("utf-8"))
    return summary


def test_the_demo_ends_well_and_shows_that_the_parts_sum_to_the_whole(demo: DemoRun) -> None:
    conservation = demo.stdout.splitlines()[-1]
    assert conservation.startswith("control ")
    assert conservation.endswith(" · residual 0")
    assert "Closing 2026-10" in demo.stderr


def test_its_summary_has_every_field_and_its_parts_sum_to_the_whole(
    demo: DemoRun,
) -> None:
    summary = _summary(demo.root)
    assert set(summary) == FIELDS
    attributed = sum(map(Decimal, summary["attributed_usd"].values()))
    parts = attributed + Decimal(summary["kept_usd"]) + Decimal(summary["unattributed_usd"])
    controls = summary["control_usd"]
    assert parts == sum(map(Decimal, controls.values()))
    assert controls.keys() == {"aws", "snowflake"}
    assert summary["aws_cost_control_usd"] == controls["aws"]
    assert summary["aws_cost_total_usd"] == summary["aws_cost_control_usd"]
    assert Decimal(summary["conservation_residual_usd"]) == 0
    assert summary["threshold_event"] is True


def test_every_invoice_of_the_summary_is_the_stored_document(
    demo: DemoRun,
) -> None:
    root = demo.root
    invoices = _summary(root)["invoices"]
    assert invoices
    for invoice in invoices:
        body = (root / invoice["pdf"]).read_bytes()
        assert body.startswith(b"%PDF-")
        assert sha256(body) == invoice["sha256"]


def test_its_workspace_can_be_asked_afterwards(demo: DemoRun) -> None:
    root = demo.root
    shown = json.loads(run_in(root, "show", "v_invoices", "--json").stdout)
    told = _summary(root)["invoices"]
    assert [row["number"] for row in shown] == [invoice["number"] for invoice in told]
    assert run_in(root, "check").exit_code == 0


def test_real_without_the_published_data_says_which_folder_it_wants(tmp_path: Path) -> None:
    root = tmp_path / "real"
    done = run_in(root, "real", "--data", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert "--data" in done.stderr
    assert not root.exists()
