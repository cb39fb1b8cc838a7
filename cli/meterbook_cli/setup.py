"""`init` and `apply`: make a workspace, and bring the commercial set-up into it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from meterbook.catalog.apply_catalog import (
    AppliedCatalog,
    Change,
    apply_catalog,
    default_documents,
)
from meterbook.catalog.read_catalog import read_catalog, schema_file
from meterbook.delivery import closing_records
from meterbook.errors import InputRefused
from meterbook.sqlfiles import project_folder
from meterbook_local.workspace import Workspace

from meterbook_cli.printing import put, say
from meterbook_cli.session import workspace_of

_SIGNS = {"add": "+", "change": "~", "remove": "-"}
_STYLES = {"add": "green", "change": "yellow", "remove": "red"}


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    app.command()(init)
    app.command()(apply)


def init(
    context: typer.Context,
    pack: Annotated[
        str, typer.Option(metavar="NAME,…", help="Write these ready documents into the catalog.")
    ] = "",
    catalog: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder to begin a catalog in [default: ./catalog]."),
    ] = None,
) -> None:
    """Make the workspace: an empty book with the defaults of the house; or begin a catalog too."""
    packs = _packs(pack)
    with workspace_of(context, create=True) as workspace:
        begin(workspace)
        say(f"The workspace {workspace.root} is ready.")
    if packs or catalog:
        _begin_catalog(catalog or Path("catalog"), packs)


def _packs(names: str) -> list[Path]:
    """The files of the packs that are named."""
    known = {path.stem: path for path in sorted((project_folder("examples") / "packs").glob("*"))}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in known]:
        raise InputRefused(detail=f"There is no pack {unknown[0]!r}. Known are {', '.join(known)}.")
    return [known[name] for name in wanted]


def _begin_catalog(folder: Path, packs: Sequence[Path]) -> None:
    """Write packs that an editor can check, and never over what a person has written."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = schema_file()
    texts = {folder / schema.name: schema.read_text("utf-8")}
    for pack in packs:
        told = f"# yaml-language-server: $schema={schema.name}\n"
        texts[folder / pack.name] = told + pack.read_text("utf-8")
    for path, text in texts.items():
        if path.exists():
            say(f"{path} is there already, and stays as it is.")
        else:
            path.write_text(text, "utf-8")
            put(str(path))


def begin(workspace: Workspace) -> None:
    """Land the defaults of the house in a book that has no catalog yet."""
    if next(closing_records(workspace.landing, "catalog"), None) is None:
        apply_catalog(workspace.book, default_documents())


def apply(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The catalog: YAML files, at any depth.")],
    dry_run: Annotated[bool, typer.Option(help="Only show what would change.")] = False,
    ends: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day from which removed documents hold no more."
        ),
    ] = None,
) -> None:
    """Show what a catalog changes, and land it."""
    documents = read_catalog(folder)
    with workspace_of(context) as workspace:
        applied = apply_catalog(
            workspace.book,
            documents,
            commit=commit_of(folder),
            ends_on=ends.date() if ends else None,
            dry_run=dry_run,
        )
    put_changes(applied.changes)
    say(_outcome(applied, dry_run))


def put_changes(changes: Sequence[Change]) -> None:
    """Print the difference as a tree: kind, document, what is new in it."""
    for kind, members in groupby(sorted(changes, key=_by_kind), key=lambda change: change.kind):
        put(kind, "bold")
        for change in members:
            put(f"  {_SIGNS[change.action]} {change.id}", _STYLES[change.action])
            for detail in change.details:
                put(f"      {detail}")


def _outcome(applied: AppliedCatalog, dry_run: bool) -> str:
    if not applied.changes:
        return f"Nothing changes: the book holds this catalog as revision {applied.revision}."
    does = "would become" if dry_run else "landed as"
    return f"{len(applied.changes)} document(s) {does} revision {applied.revision}."


def _by_kind(change: Change) -> tuple[str, str]:
    return change.kind, change.id


def commit_of(folder: Path) -> str:
    """The commit that a catalog lies in, or '' outside of git."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:  # no git on this machine
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
