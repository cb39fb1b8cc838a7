"""`demo` and `real` go the whole way in one command, in a workspace that they make afresh."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli.saying import run_in
from meterbook.canonical import sha256
from meterbook_cli.main import app
from typer.testing import CliRunner, Result

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


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    root = tmp_path_factory.mktemp("build") / "demo"
    return root, CliRunner().invoke(app, ["demo", "--workspace", str(root)])


def _summary(root: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((root / "summary.json").read_text("utf-8"))
    return summary


def test_the_demo_ends_well_and_shows_that_the_parts_sum_to_the_whole(
    walked: tuple[Path, Result],
) -> None:
    _, done = walked
    assert done.exit_code == 0, done.output
    conservation = done.stdout.splitlines()[-1]
    assert conservation.startswith("control ")
    assert conservation.endswith(" · residual 0")
    assert "Writing invoices" in done.stderr


def test_its_summary_has_every_field_and_its_parts_sum_to_the_whole(
    walked: tuple[Path, Result],
) -> None:
    summary = _summary(walked[0])
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
    walked: tuple[Path, Result],
) -> None:
    root = walked[0]
    invoices = _summary(root)["invoices"]
    assert invoices
    for invoice in invoices:
        body = (root / invoice["pdf"]).read_bytes()
        assert body.startswith(b"%PDF-")
        assert sha256(body) == invoice["sha256"]


def test_its_workspace_can_be_asked_afterwards(walked: tuple[Path, Result]) -> None:
    root = walked[0]
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
