"""Documents are issued, credited, corrected and paid by saying so, each with a name behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli.saying import Run, run_in

ACME = "H-2026-000001"
ASKED = ("--actor", "Ada", "--reason", "outage")


@pytest.fixture(scope="module")
def issued_once(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny month, closed and issued; nothing is changed in it."""
    root = shutil.copytree(filled, tmp_path_factory.mktemp("issued") / "book")
    _close(root)
    assert ACME in run_in(root, "issue").output
    return root


@pytest.fixture
def workspace(issued_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(issued_once, tmp_path / "book")


def _close(root: Path) -> None:
    """Close the month, letting pass what a month of so few days has in its way."""
    for line in run_in(root, "close", "2026-10", "--dry-run").output.splitlines():
        if " blocks " in line:
            run_in(root, "decide", "2026-10", line.split()[0], *ASKED)
    run_in(root, "close", "2026-10")


def test_an_invoice_is_credited_paid_and_corrected(run: Run, workspace: Path) -> None:
    credited = run("credit", ACME, "--amount", "1.50", *ASKED)
    assert "frozen  acme 2026-10 credit_note credit.1: 1.50 USD before tax" in credited.output
    assert "credit_note" in run("issue").output
    paid = run(
        "receipt", ACME, "--amount", "5", "--on", "2026-11-04", "--reference", "TX-1",
        "--actor", "bank",
    )  # fmt: skip
    assert f"{ACME}: 5.00 USD received" in paid.output
    assert "corrected_invoice" in run("correct", ACME, *ASKED).output
    numbered = run("issue")
    assert "2 document(s) issued." in numbered.output
    assert "credit_note" in numbered.output
    assert (workspace / "evidence/invoices/H-2026-000004/invoice.pdf").is_file()


def test_a_debit_note_is_frozen_and_then_issued(run: Run) -> None:
    assert "debit_note debit.1: 3.00 USD" in run("debit", ACME, "--amount", "3", *ASKED).output
    assert "debit_note" in run("issue").output


def test_what_a_guard_refuses_ends_with_4_and_a_sentence(run: Run) -> None:
    done = run("credit", ACME, "--amount", "9999", *ASKED)
    assert (done.exit_code, "more than" in done.output) == (4, True)
    done = run("credit", "H-2026-000077", *ASKED)
    assert (done.exit_code, "'H-2026-000077' is issued" in done.output) == (4, True)


def test_a_document_needs_a_name_and_a_reason(run: Run) -> None:
    assert run("credit", ACME, "--actor", "Ada").exit_code == 2
    assert run("credit", ACME, "--actor", " ", "--reason", "x").exit_code == 1


def test_what_is_held_is_told_and_ends_with_3(filled: Path, tmp_path: Path) -> None:
    root = shutil.copytree(filled, tmp_path / "book")
    _close(root)
    (file,) = (root / "landing/closes/2026-10.acme").iterdir()
    file.write_bytes(b"junk")
    done = run_in(root, "issue")
    assert done.exit_code == 3
    assert "held  acme 2026-10 invoice: " in done.output


def test_without_anything_to_issue_it_says_so(run: Run) -> None:
    done = run("issue")
    assert (done.exit_code, done.output) == (0, "0 document(s) issued.\n")
