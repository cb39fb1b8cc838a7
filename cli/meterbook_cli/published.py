"""Published data beside the paired day: each set in a book of its own, its figures in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meterbook.book import Book
from meterbook.canonical import short
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.collect.ingest_usage import ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_cur import ingest_cur, read_cur_mapping
from meterbook.ports import Row
from meterbook.sqlfiles import project_folder
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import Workspace, open_workspace

from meterbook_cli.printing import say, step
from meterbook_cli.setup import begin

CUR_MONTHS = ("aws-cur-2018-10", "aws-cur-2018-11")


def meter_azure(verb: str, root: Path, data: Path) -> None:
    """Write what each tenant of Azure's trace used of what to azure.json, if the trace is there."""
    folder = data / "azure-llm-trace-2023"
    if not folder.is_dir():
        say(f"{folder} is not there; azure.json is left out.")
        return
    given = project_folder("examples") / "azure-llm"
    clock = FixedClock(datetime(2023, 11, 18, 6, tzinfo=UTC))
    with open_workspace(root / "azure", clock, verb) as workspace:
        begin(workspace)
        apply_catalog(workspace.book, read_catalog(given / "catalog"))
        lines = sum(_meter_trace(workspace, folder, given, tenant) for tenant in ("code", "conv"))
        workspace.book.must_hold()
        used = workspace.book.query("usage_by_period")
    by_tenant: dict[str, dict[str, str]] = {}
    for row in used:  # all of it is of one month
        by_tenant.setdefault(str(row["tenant_id"]), {})[str(row["metric"])] = short(row["quantity"])
    write_json(root / "azure.json", {"lines": lines, "by_tenant": by_tenant})
    say(f"{lines:,} lines of Azure's trace are metered in {root / 'azure.json'}.")


def _meter_trace(workspace: Workspace, folder: Path, given: Path, tenant: str) -> int:
    """One file of the trace is one tenant; return how many requests it told of."""
    mapping = read_usage_mapping(given / f"{tenant}.yaml")
    with step(f"Reading Azure's trace of {tenant}", "lines") as advance:
        done = ingest_usage(
            workspace.book,
            [folder / f"AzureLLMInferenceTrace_{tenant}.csv"],
            mapping,
            on_progress=advance,
        )
    return sum(file.lines - file.not_usage_lines for file in done.files)


def attribute_cur(verb: str, root: Path, data: Path) -> None:
    """Write what two months of a bill cost and who owns it to cur.json, if they are there."""
    folders = [data / name for name in CUR_MONTHS]
    if absent := [folder for folder in folders if not folder.is_dir()]:
        say(f"{absent[0]} is not there; cur.json is left out.")
        return
    given = project_folder("examples") / "cur-2018"
    clock = FixedClock(datetime(2018, 12, 5, 6, tzinfo=UTC))
    with open_workspace(root / "cur", clock, verb) as workspace:
        begin(workspace)
        apply_catalog(workspace.book, read_catalog(given / "catalog"))
        mapping = read_cur_mapping(given / "cur.yaml")
        for folder in folders:
            with step(f"Reading the bill {folder.name}"):
                ingest_cur(workspace.book, sorted(folder.glob("*.parquet")), mapping)
        workspace.book.must_hold()
        months = _months(workspace.book)
    write_json(root / "cur.json", months)
    rows = sum(month["rows"] for month in months.values())
    say(f"{rows:,} rows of a bill are attributed in {root / 'cur.json'}.")


def _months(book: Book) -> dict[str, dict[str, Any]]:
    """What the book says of every month, costs in full."""
    owned: dict[str, dict[str, str]] = {}
    for row in book.query("attributed_by_period"):
        owned.setdefault(_month(row), {})[str(row["tenant_id"])] = short(row["cost_usd"])
    return {
        _month(row): {
            "rows": int(str(row["line_count"])),
            "unblended_usd": short(row["unblended_usd"]),
            "control_usd": short(row["control_usd"]),
            "amortized_usd": short(row["amortized_usd"]),
            "attributed_usd": owned.get(_month(row), {}),
            "unattributed_usd": short(row["unattributed_usd"]),
            "unattributed_share": short(row["unattributed_share"]),
            "conservation_residual_usd": short(row["residual_usd"]),
        }
        for row in book.query("cost_by_period")
    }


def _month(row: Row) -> str:
    return str(row["period_start"])[:7]


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that people and programs read: sorted and indented."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


SETS: tuple[Callable[[str, Path, Path], None], ...] = (meter_azure, attribute_cur)
