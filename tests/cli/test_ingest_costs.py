"""Bills and other providers' charges come in by a command each, and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.saying import Run, run_in

FOCUS = (
    "ProviderName,BillingAccountId,ChargePeriodStart,BilledCost,BillingCurrency,Tags\n"
    '{provider},1111,2026-10-01 00:00:00,1.25,USD,"{{""tenant_id"": ""acme""}}"\n'
    "Oracle,9,2026-10-01 00:00:00,7,EUR,NULL\n"
)
DROP = "export: api\nheader: true\nprovider: {value: scoring}\nusage_date: {column: day}\n"
DROP += "cost: {column: usd}\ncurrency: {value: USD}\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    root = tmp_path / "book"
    assert run_in(root, "init").exit_code == 0
    return lambda *words: run_in(root, *words)


def test_a_bill_comes_in_by_a_mapping_that_ships_and_tags_that_are_named(
    run: Run, tmp_path: Path
) -> None:
    bill = tmp_path / "focus.csv"
    bill.write_text(FOCUS.format(provider="AWS"))
    words = "ingest", "cur", bill, "--mapping", "focus-1.0", "--owner-tag", "Tags[tenant_id]"
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "1 row(s), 1.25 USD, as delivery 1111.focus." in done.stderr
    assert "1 row(s) are left out by the mapping's `where`." in done.stderr
    shown = run("show", "v_aws_cost_daily", "--json").stdout
    assert '"owner_tag": "acme"' in shown or '"owner_tag":"acme"' in shown
    assert "Nothing new" in run(*words).stderr


def test_a_bill_that_holds_no_row_of_aws_is_refused(run: Run, tmp_path: Path) -> None:
    bill = tmp_path / "focus.csv"
    bill.write_text(FOCUS.format(provider="Microsoft"))
    done = run("ingest", "cur", bill, "--mapping", "focus-1.0")
    assert done.exit_code == 1
    assert "leaves out every row" in done.stderr


def test_what_another_provider_charged_comes_in_by_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "drop.yaml").write_text(DROP)
    bill = tmp_path / "drop.csv"
    bill.write_text("day,usd\n2026-10-01,3\n")
    done = run("ingest", "external", bill, "--mapping", tmp_path / "drop.yaml")
    assert done.exit_code == 0, done.output
    assert "as delivery scoring.api." in done.stderr
    assert "external" in run("show", "v_cost_conservation").stdout


def test_a_mapping_that_is_not_there_names_those_that_ship(run: Run, tmp_path: Path) -> None:
    done = run("ingest", "cur", tmp_path / "bill.csv", "--mapping", "cur-3")
    assert done.exit_code == 1
    assert "cur-2, cur-legacy, focus-1.0, focus-1.2" in done.stderr
