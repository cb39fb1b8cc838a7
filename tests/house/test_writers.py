"""The basis of a close names every module that a document's figures and words come from."""

from __future__ import annotations

import ast
from pathlib import Path

import meterbook
from meterbook.close.basis import WRITERS

ROOT = Path(meterbook.__file__).parent
# They carry and compare, and write nothing into a document.
CARRIERS = {
    "catalog.numbers", "delivery", "errors", "identifier", "invoice.register",
    "invoice.signature", "ports", "sqlfiles",
}  # fmt: skip
ENTRIES = (
    "close.snapshot", "invoice.cii", "invoice.document", "invoice.proof", "invoice.ubl",
)  # fmt: skip


def imported_by(name: str) -> set[str]:
    """The modules of ours that a module imports."""
    tree = ast.parse((ROOT / f"{name.replace('.', '/')}.py").read_text("utf-8"))
    found = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {one.removeprefix("meterbook.") for one in found if one.startswith("meterbook.")}


def reached(entries: tuple[str, ...]) -> set[str]:
    seen: set[str] = set()
    waiting = set(entries)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= imported_by(name) - seen - CARRIERS
    return seen


def test_every_module_that_writes_is_named_in_the_basis() -> None:
    assert sorted(reached(ENTRIES)) == sorted(WRITERS)
