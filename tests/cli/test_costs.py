"""What people decide and look into about cost: what changes is shown, and exit codes tell."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cli.saying import Run
from meterbook.catalog.read_catalog import read_catalog
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook_local.folder import FolderStore

PAYER = "111122223333"


def land(workspace: Path, name: str, stream: str, usd: str) -> None:
    """A later delivery of 1 October, after the one that the workspace has."""
    landing = FolderStore(workspace / "landing")
    row = {"usage_date": "2026-10-01", "cost": usd, "currency": "USD", "owner_tag": "acme"}
    files = land_rows(landing, stream, name, [row | {"service": "AmazonEC2", "account": PAYER}])
    now = datetime(2026, 11, 5, 9, tzinfo=UTC)
    day = ControlTotal(date(2026, 10, 1), Decimal(usd), 1)
    family = f"{PAYER}:tiny"
    close_delivery(landing, Delivery(name, stream, family, family, now, files, [day], PAYER))


def words(line: str) -> str:
    return " ".join(line.split())


@pytest.fixture
def halved(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A later bill says less than half of what 1 October cost; `ada` is at the keyboard."""
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    land(workspace, "halved", "cur", "0.70")
    return workspace


@pytest.mark.usefixtures("halved")
def test_accept_shows_what_changes_and_keeps_who_decided(run: Run) -> None:
    assert "1 day(s) of halved" in run("status").stdout
    done = run("accept", "halved", "--reason", "a refund")
    assert done.exit_code == 0, done.output
    assert words(done.stdout) == "day held USD counts USD 2026-10-01 1.5 0.7"
    assert done.stderr == "ada has accepted halved; 1 day(s) have another total now.\n"
    assert "suspicious      none" in run("status").stdout
    again = run("accept", "halved", "--actor", "bob")
    assert (again.exit_code, "accepted already" in again.stderr) == (4, True)


@pytest.mark.usefixtures("halved")
def test_accept_wants_a_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such uid")

    monkeypatch.setattr(getpass, "getuser", nobody)
    refused = run("accept", "halved")
    assert (refused.exit_code, "--actor" in refused.stderr) == (1, True)


def test_reconcile_says_what_differs_and_leaves_a_verdict(workspace: Path, run: Run) -> None:
    land(workspace, "explorer", "aws_cost", "1.75")
    found = run("reconcile", "2026-10")
    assert found.exit_code == 3, found.output
    header, *rows, verdict = found.stdout.splitlines()
    assert words(header) == "state day of name cost explorer bill book difference"
    assert [words(row) for row in rows] == [
        "differs 2026-10-01 service AmazonEC2 1.75 1.5 1.5 0.25",
        "differs 2026-10-01 tenant acme 1.75 1.5 0.25",
        f"incomplete 2026-10-02 payer {PAYER} 0.5",
    ]
    assert verdict == (
        "2026-10 differs: 2 difference(s) above 0.01 USD in 2 comparison(s) of 2 day(s), "
        "1 day(s) of one source alone"
    )
    assert list((workspace / "landing/verdicts").iterdir())


def test_reconcile_without_a_difference_is_no_failure(run: Run) -> None:
    found = run("reconcile", "2026-10")
    assert found.exit_code == 0, found.output
    assert "2026-10 incomplete: 0 difference(s)" in found.stdout


def test_unattributed_lists_what_nobody_owns(run: Run) -> None:
    found = run("unattributed")
    assert found.exit_code == 3
    header, row = found.stdout.splitlines()
    assert words(header) == "cost source service account resource owner tag guess because fix"
    assert words(row) == f"0.25 aws AmazonS3 {PAYER}"
    assert found.stderr == ("0.25 USD has no owner; 0 document(s) would have moved 0 USD of it.\n")
    assert run("unattributed", "--period", "2026-09").exit_code == 0


def test_the_yaml_alone_is_a_file_of_the_catalog(workspace: Path, run: Run, tmp_path: Path) -> None:
    landing = FolderStore(workspace / "landing")
    row = {"usage_date": "2026-10-03", "cost": "5", "currency": "USD", "owner_tag": "ACME"}
    files = land_rows(landing, "cur", "typed", [row | {"service": "AmazonEC2", "account": PAYER}])
    now = datetime(2026, 11, 5, 9, tzinfo=UTC)
    day = ControlTotal(date(2026, 10, 3), Decimal(5), 1)
    close_delivery(landing, Delivery("typed", "cur", "t", "t", now, files, [day], PAYER))
    told = run("unattributed", "--yaml", "--limit", "1")
    assert told.exit_code == 0, told.output
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/found.yaml").write_text(told.stdout, "utf-8")
    (document,) = read_catalog(tmp_path / "catalog")
    assert (document.kind, document.body["aliases"], document.body["starts_on"]) == (
        "tag_aliases",
        [{"raw": "ACME", "value": "acme"}],
        "2026-11-05",
    )
    assert told.stdout in run("unattributed").stdout
