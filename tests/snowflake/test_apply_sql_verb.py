"""`meterbook apply-sql` shows what a new version changes in a workspace, and applies it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import meterbook_local
import pytest
from cli.saying import run_in
from meterbook.sqlfiles import read_sql


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose `usage_daily` was applied by an older version."""
    root = tmp_path / "book"
    assert run_in(root, "init").exit_code == 0
    with duckdb.connect(str(root / "book.duckdb")) as db:
        db.execute("update engine.applied set sha256 = 'old' where path like '%/usage_daily.sql'")
    return root


def test_a_plan_names_what_changed_and_does_nothing(workspace: Path) -> None:
    for _ in range(2):
        planned = run_in(workspace, "apply-sql", "--plan")
        assert planned.exit_code == 0
        assert planned.stdout == (
            "models/usage/usage_daily.sql: what each tenant used of each metric, day by day.\n"
        )
        assert "1 text(s) would be applied" in planned.stderr


def test_what_was_planned_is_applied_once(workspace: Path) -> None:
    planned = run_in(workspace, "apply-sql", "--plan").stdout
    assert run_in(workspace, "apply-sql").stdout == planned
    assert run_in(workspace, "apply-sql").stdout == ""


def test_a_workspace_runs_nothing_of_what_is_snowflakes_alone(workspace: Path) -> None:
    with duckdb.connect(str(workspace / "book.duckdb")) as db:
        db.execute("delete from engine.applied")
    planned = run_in(workspace, "apply-sql", "--plan").stdout.splitlines()
    assert {line.split("/")[0] for line in planned} == {"tables", "models"}
    # What only one machine has stands beside its engine: ACCOUNT_USAGE, as it was handed in.
    of_its_own = list(Path(meterbook_local.__file__).parent.glob("sql/**/*.sql"))
    assert len(planned) == len(read_sql("tables") + read_sql("models")) + len(of_its_own)
