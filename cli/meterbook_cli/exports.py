"""`export`: what was issued, in a form that other tools read."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from meterbook.invoice.issued import issued_documents
from meterbook.period import Period
from meterbook.report.focus import focus_csv, focus_parquet, focus_rows

from meterbook_cli.printing import say
from meterbook_cli.session import workspace_of


class Format(StrEnum):
    """A file that FOCUS rows are written as."""

    csv = "csv"
    parquet = "parquet"


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    export = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    export.command("focus")(focus)
    app.add_typer(export, name="export", help="Write what was issued as other tools read it.")


def focus(
    context: typer.Context,
    period: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month that was billed.")],
    tenant: Annotated[
        str | None, typer.Option(metavar="ID", help="The charges of this tenant alone.")
    ] = None,
    format: Annotated[Format, typer.Option(help="CSV or Parquet.")] = Format.csv,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write [default: stdout].")
    ] = None,
) -> None:
    """Write every document of a month as FOCUS 1.2, a row for each line, allowance and tax."""
    wanted = str(Period.parse(period))
    with workspace_of(context) as workspace:
        documents = [
            json.loads(workspace.evidence.get(one.json_key))
            for one in issued_documents(workspace.book)
            if one.period == wanted
        ]
    rows = [row for document in documents for row in focus_rows(document, tenant)]
    body = focus_csv(rows) if format is Format.csv else focus_parquet(rows)
    if out is None:
        typer.echo(body, nl=False)
    else:
        out.write_bytes(body)
    say(f"{len(rows)} row(s) of {len(documents)} document(s) of {wanted}.")
