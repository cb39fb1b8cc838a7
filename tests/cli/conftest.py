"""One workspace is made once, by the commands themselves; each test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli.saying import Run, run_in
from cli.tiny_month import TinyMonth, write_tiny_month


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> TinyMonth:
    return write_tiny_month(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="session")
def filled(month: TinyMonth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with catalog, usage and cost, made by the commands."""
    root = tmp_path_factory.mktemp("filled") / "book"
    for words in (
        ("init",),
        ("apply", month.catalog),
        ("ingest", "usage", month.usage, "--mapping", month.usage_mapping),
        ("ingest", "cur", month.cost, "--mapping", month.cost_mapping),
    ):
        done = run_in(root, *words)
        assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "book")


@pytest.fixture
def run(workspace: Path) -> Run:
    """Say a command in a workspace that has the tiny month."""
    return lambda *words, **more: run_in(workspace, *words, **more)
