"""Saying a command, as a person would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from meterbook_cli.main import app
from typer.testing import CliRunner, Result

NOW = "2026-11-05T08:00:00Z"
Run = Callable[..., Result]


def run_in(workspace: Path, *words: object, now: str = NOW) -> Result:
    """Say one command in a workspace, as a person would."""
    said = ["--workspace", str(workspace), "--now", now, *map(str, words)]
    return CliRunner().invoke(app, said)
