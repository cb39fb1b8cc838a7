"""`verify`, `bundle`: that what was issued is what is stored, and the proof of it for a buyer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from meterbook.errors import InputRefused
from meterbook.invoice.bundle import bundle, unproven
from meterbook.invoice.issued import known_sheets
from meterbook.invoice.signature import key_id
from meterbook.invoice.verify import verify
from meterbook_local.workspace import Workspace

from meterbook_cli.printing import put, say
from meterbook_cli.session import FINDINGS, workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    app.command("verify")(verify_evidence)
    app.command("bundle")(bundle_number)


def verify_evidence(
    context: typer.Context,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY_ID", help="A key that may have signed, beside this workspace's."),
    ] = None,
) -> None:
    """Check every register, its signatures, and each stored document; name what was changed."""
    with workspace_of(context, apply=False) as workspace:
        trusted = {*(trust or ()), *_own_key(workspace)}
        found = verify(workspace.evidence, trusted, known_sheets(workspace.landing))
    for doubt in found.doubts:
        put(f"{doubt.place} {doubt.what}.")
    for claim in found.pending:
        say(f"{claim.number} is numbered, and its documents are not sealed yet.")
    say(
        f"{found.sheets} sheet(s) and {found.documents} document(s) checked, "
        f"{len(found.doubts)} finding(s)."
    )
    for id_ in sorted(found.key_ids):
        say(f"Signed by key {id_}.")
    if found.doubts:
        raise typer.Exit(FINDINGS)


def bundle_number(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The number of an issued document.")],
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The zip to write [default: NUMBER.zip].")
    ] = None,
) -> None:
    """Write a zip with which the buyer can check a document offline."""
    target = to or Path(f"{number}.zip")
    if target.exists():
        raise InputRefused(detail=f"{target} exists. Name another file with --to.")
    with workspace_of(context) as workspace:
        workspace.book.update()
        packed = bundle(workspace.book, workspace.evidence, number)
    target.write_bytes(packed)
    put(f"{target}: unpack it and say `python3 -I verify.py` there.")
    if what := unproven(packed):
        say(f"The verifier in it will say: {what}", "red")
        raise typer.Exit(FINDINGS)


def _own_key(workspace: Workspace) -> set[str]:
    """The key of this workspace; looking at a register never makes one."""
    signer = workspace.signer
    return {key_id(signer.public_key())} if signer.is_made else set()
