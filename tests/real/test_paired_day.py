"""`make real`: published data comes to the figures that others can check by hand.

That is Amazon's bill and log of a day, and Azure's trace of language models. The figures stand here
as numbers, and are taken once more from the files themselves with nothing but the standard library.
The run is made twice into the same folder, the second time of the day alone and with another hash
seed, time zone and language: not a byte may differ.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from journey.walk import paired_day
from meterbook.report.focus import focus_csv, focus_rows
from meterbook.sqlfiles import project_folder
from report.focus_rules import NOT_HELD, found_in, such

pytestmark = pytest.mark.real

SAID = "(said)"
PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LANG": "C"}
ELSEWHERE = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LANG": "tr_TR.UTF-8"}


def run_real(workspace: Path, data: Path, environment: dict[str, str]) -> dict[str, bytes]:
    """Run `meterbook real` in a process of its own; give every document that it left, by name.

    What it said is among them, as `SAID`.
    """
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from meterbook_cli.main import run; run()",
            *("real", "--workspace", str(workspace), "--data", str(data)),
        ],
        check=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **environment},
        capture_output=True,
    )
    kept = ("summary.json", "azure.json", "cur.json", "evidence/", "outbox")
    files = {str(path.relative_to(workspace)): path for path in workspace.rglob("*")}
    left = {
        name: unsigned(path.read_bytes()) if "/register/" in name else path.read_bytes()
        for name, path in files.items()
        if path.is_file() and name.startswith(kept) and "/register/keys/" not in name
    }
    return left | {SAID: done.stdout}


def unsigned(sheet: bytes) -> bytes:
    """A sheet without what follows from the key, which each workspace makes for itself."""
    told = json.loads(sheet)
    return json.dumps({name: told[name] for name in ("sheet", "claims", "sealed")}).encode()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    build = tmp_path_factory.mktemp("build")
    day = paired_day().usage_files[0].parent
    (build / "day alone").mkdir()
    (build / "day alone" / day.name).symlink_to(day)
    return [
        run_real(build / "real", day.parent, PLAIN),
        run_real(build / "real", build / "day alone", ELSEWHERE),
    ]


@pytest.fixture(scope="module")
def summary(runs: list[dict[str, bytes]]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runs[0]["summary.json"])
    return found


def test_a_second_run_elsewhere_leaves_the_same_bytes(runs: list[dict[str, bytes]]) -> None:
    first, second = runs
    assert sorted(first.keys() - {"azure.json", "cur.json"}) == sorted(second)
    assert [name for name in second if first[name] != second[name]] == []
    assert sum(name.endswith(".pdf") for name in first) == 7


def test_the_documents_are_exported_to_the_cent_and_by_the_rules_of_focus(
    runs: list[dict[str, bytes]], tmp_path: Path
) -> None:
    documents = [json.loads(runs[0][name]) for name in runs[0] if name.endswith("/invoice.json")]
    rows = [focus_rows(document) for document in documents]
    for document, of_it in zip(documents, rows, strict=True):
        billed = sum(Decimal(row["BilledCost"] or 0) for row in of_it)
        due = Decimal(document["totals"]["due"])
        assert billed == (-due if document["kind"] == "credit_note" else due)
    (tmp_path / "real.csv").write_bytes(focus_csv(row for of_it in rows for row in of_it))
    assert such(found_in(tmp_path / "real.csv"), "failed", "errored") <= NOT_HELD


def test_the_readme_shows_what_it_prints(runs: list[dict[str, bytes]]) -> None:
    readme = (project_folder("examples").parent / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"```text real\n(.*?)```", readme, re.DOTALL)
    assert runs[0][SAID].decode() == shown


def test_the_bill_is_the_one_that_amazon_published(summary: dict[str, Any]) -> None:
    assert Decimal(summary["aws_cost_control_usd"]) == Decimal("89.170632878")
    assert Decimal(summary["aws_cost_total_usd"]) == Decimal("89.170632878")
    assert Decimal(summary["unattributed_usd"]) == Decimal("33.1434669032")
    assert Decimal(summary["kept_usd"]) == Decimal(summary["conservation_residual_usd"]) == 0
    assert summary["threshold_event"] is True


def test_the_raw_files_say_the_same(summary: dict[str, Any]) -> None:
    month = paired_day()
    owners: dict[str, Fraction] = defaultdict(Fraction)
    with gzip.open(month.cost_files[0], "rt", encoding="utf-8") as bill:
        names = next(bill).rstrip("\n").split("\x01")
        for line in bill:
            row = dict(zip(names, line.rstrip("\n").split("\x01"), strict=True))
            owners[row["resource_tags_user_application"]] += Fraction(
                row["line_item_unblended_cost"]
            )
    assert set(owners) == {"", "ordering"}
    assert owners[""] == Fraction(summary["unattributed_usd"])
    assert sum(owners.values()) == Fraction(summary["aws_cost_control_usd"])
    work: dict[str, list[int]] = defaultdict(list)
    with gzip.open(month.usage_files[0], "rt", encoding="utf-8") as log:
        for line in log:
            if "/index.html?name=" in line:
                user, units = line.partition(",user=")[2].split(" ")[0].split(",work=")
                work[user].append(int(units))
    assert {user: (len(units), sum(units)) for user, units in work.items()} == {
        tenant: (used["events"], int(Decimal(used["quantity"])))
        for tenant, used in summary["usage"].items()
    }


def test_every_cent_of_the_ordering_workload_has_a_tenant(summary: dict[str, Any]) -> None:
    owned = {tenant: Decimal(cost) for tenant, cost in summary["attributed_usd"].items()}
    assert set(owned) == {"paid", "sponsored", "free"}
    assert sum(owned.values()) == Decimal("89.170632878") - Decimal("33.1434669032")


def test_the_log_is_counted_line_by_line(summary: dict[str, Any]) -> None:
    usage = {
        tenant: (used["events"], Decimal(used["quantity"]))
        for tenant, used in summary["usage"].items()
    }
    assert usage == {
        "paid": (11_134, Decimal(830_971)),
        "sponsored": (9_312, Decimal(326_050)),
        "free": (8_125, Decimal(80_427)),
    }
    assert summary["log_lines"] == 237_792
    assert summary["not_usage_lines"] == 237_792 - 11_134 - 9_312 - 8_125
    assert summary["rejected_events"] == 0


def test_the_invoices_come_to_what_the_plans_say(
    summary: dict[str, Any], runs: list[dict[str, bytes]]
) -> None:
    """Fee, work beyond what is included, and the tenant's share of the bill, each rounded once."""
    by_hand = {
        "paid": Decimal("5.00") + Decimal("66.38") + Decimal("37.62"),
        "sponsored": Decimal("2.50") + Decimal("11.04") + Decimal("14.76"),
        "free": Decimal("0.00") + Decimal("0.00") + Decimal("3.64"),
    }
    invoices = [one for one in summary["invoices"] if one["kind"] == "invoice"]
    assert {one["account"]: Decimal(one["total"]) for one in invoices} == by_hand
    for invoice in summary["invoices"]:
        assert invoice["currency"] == "USD"
        assert runs[0][invoice["pdf"]].startswith(b"%PDF-")


def test_it_ends_in_documents_of_all_kinds(summary: dict[str, Any]) -> None:
    told = [(one["kind"], one["account"], one["total"]) for one in summary["invoices"]]
    assert told[3:] == [
        ("credit_note", "paid", "109.00"),
        ("debit_note", "free", "25.00"),
        ("corrected_invoice", "paid", "109.00"),
        ("credit_note", "sponsored", "10.00"),
    ]


def test_azures_trace_comes_to_the_sums_of_its_files(runs: list[dict[str, bytes]]) -> None:
    folder = paired_day().usage_files[0].parents[1] / "azure-llm-trace-2023"
    if not folder.is_dir():
        pytest.skip(f"the published data set {folder.name} is not there")
    lines, by_tenant = 0, {}
    for tenant in ("code", "conv"):
        with (folder / f"AzureLLMInferenceTrace_{tenant}.csv").open(newline="") as file:
            requests = list(csv.DictReader(file))
        lines += len(requests)
        by_tenant[tenant] = {
            "input_tokens": str(sum(int(one["ContextTokens"]) for one in requests)),
            "output_tokens": str(sum(int(one["GeneratedTokens"]) for one in requests)),
        }
    assert json.loads(runs[0]["azure.json"]) == {"lines": lines, "by_tenant": by_tenant}
    assert lines == 28_185
