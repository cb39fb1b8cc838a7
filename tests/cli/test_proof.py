"""`verify` and `bundle` say what they found by their exit code, and name it."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from cli.saying import run_in
from close.small_world import World
from typer.testing import Result

NUMBER = "NIM-2026-000001"


@pytest.fixture
def workspace(proven: World, tmp_path: Path) -> Path:
    """The two months as a workspace of somebody who does not have the key."""
    root = tmp_path / "copy"
    shutil.copytree(proven.root, root)
    mark = {"layout": "1", "what": "meterbook workspace"}
    (root / "meterbook.json").write_text(json.dumps(mark, sort_keys=True) + "\n")
    return root


def _say(workspace: Path, *words: object) -> Result:
    return run_in(workspace, *words, now="2026-12-05T09:00:00Z")


def _key(workspace: Path) -> str:
    (key,) = (workspace / "evidence/register/keys").iterdir()
    return key.stem


def test_verify_names_what_was_changed_and_ends_with_3(workspace: Path) -> None:
    said = _say(workspace, "verify", "--trust", _key(workspace))
    assert said.exit_code == 0, said.output
    assert "5 sheet(s) and 28 document(s) checked, 0 finding(s)." in said.stderr
    assert f"Signed by key {_key(workspace)}." in said.stderr
    pdf = workspace / f"evidence/invoices/{NUMBER}/invoice.pdf"
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    said = _say(workspace, "verify", "--trust", _key(workspace))
    assert said.exit_code == 3
    assert said.stdout == (
        f"invoices/{NUMBER}/invoice.pdf does not have the bytes that "
        "register/nimbus/00000002.json has sealed.\n"
    )


def test_verify_trusts_nobody_by_itself_and_makes_no_key(workspace: Path) -> None:
    said = _say(workspace, "verify")
    assert said.exit_code == 3
    assert said.stdout.count(f"was signed by key {_key(workspace)}, which nobody trusts.") == 5
    assert not (workspace / "register.key").exists()


def test_bundle_writes_a_zip_that_proves_the_document(workspace: Path, tmp_path: Path) -> None:
    target = tmp_path / "acme.zip"
    said = _say(workspace, "bundle", NUMBER, "--to", target)
    assert said.exit_code == 0, said.output
    assert "python3 -I verify.py" in said.stdout
    assert "verify.py" in zipfile.ZipFile(target).namelist()
    again = _say(workspace, "bundle", NUMBER, "--to", target)
    assert again.exit_code == 1
    assert "exists. Name another file with --to." in again.stderr
    none = _say(workspace, "bundle", "NIM-2026-000099", "--to", tmp_path / "none.zip")
    assert none.exit_code == 1
    assert "No register has given the number 'NIM-2026-000099'." in none.stderr
    assert not (tmp_path / "none.zip").exists()
