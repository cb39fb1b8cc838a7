"""What every command stands on: which workspace, which clock, and whose it is for now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from meterbook.ports import Clock
from meterbook.settings import Settings
from meterbook_local.clock import FixedClock, SystemClock
from meterbook_local.workspace import Workspace, open_workspace

FINDINGS = 3
"""The exit code of a command that worked and has found something a person must look at."""


@dataclass(frozen=True, slots=True)
class Session:
    """The options that stand before the verb."""

    workspace: Path | None
    clock: Clock
    settings: Settings


def start_session(workspace: Path | None, now: str | None) -> Session:
    """Read the options; without `--now` the machine's clock holds."""
    clock = FixedClock(_moment(now)) if now else SystemClock()
    return Session(workspace, clock, Settings.from_environment())


def session_of(context: typer.Context) -> Session:
    """The session that the command was started in."""
    if not isinstance(context.obj, Session):
        raise TypeError("a command runs below the app's callback")
    return context.obj


@contextmanager
def workspace_of(
    context: typer.Context, *, create: bool = False, apply: bool = True
) -> Iterator[Workspace]:
    """Hold the session's workspace for this command, named as the person wrote it."""
    session = session_of(context)
    root = session.workspace or Path(".meterbook")
    verb = verb_of(context)
    with open_workspace(root, session.clock, verb, create=create, apply=apply) as workspace:
        yield workspace


def verb_of(context: typer.Context) -> str:
    """The command without the program's name, for example `ingest usage`."""
    return context.command_path.partition(" ")[2]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is no time with an offset, such as 2026-11-05T08:00:00Z.",
            param_hint="--now",
        )
    return moment
