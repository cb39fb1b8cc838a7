"""The way in for a person: one app, its verbs by group, and what an error looks like.

Exit codes: 0 done; 1 failed; 2 asked wrongly; 3 done, but something was found that a person must
look at; 4 refused by a guard.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from meterbook.errors import MeterbookError
from typer.core import TyperGroup

from meterbook_cli import (
    bring,
    closing,
    costs,
    explain,
    exports,
    ingest,
    invoices,
    jobs,
    look,
    proof,
    publish,
    rejects,
    serve,
    setup,
    texts,
    walks,
    webhooks,
)
from meterbook_cli.printing import say
from meterbook_cli.session import start_session


class _Plainly(TyperGroup):
    """A group whose commands fail with one clear sentence instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the library hides its own type
        try:
            return super().invoke(ctx)
        except MeterbookError as error:
            say(str(error), "red")
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError:
            raise  # the reader of our output has gone; typer ends quietly
        except OSError as error:
            say(_sentence(error), "red")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Plainly,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def meterbook(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder that holds the book [default: ./.meterbook]."),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Work as if it were this moment (ISO 8601, with offset)."
        ),
    ] = None,
) -> None:
    """Meter usage, attribute its real cost, and write invoices that nobody has to dispute."""
    context.obj = start_session(workspace, now)


_MODULES = (
    setup, texts, ingest, bring, rejects, costs, jobs, closing, invoices, proof, explain,
    exports, publish, serve, look, walks, webhooks,
)  # fmt: skip
for module in _MODULES:
    module.join(app)


def run() -> None:
    """Run the command line of this process; what it writes is UTF-8 wherever it runs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    app()


def _sentence(error: OSError) -> str:
    what = (error.strerror or str(error)).lower()
    return f"{error.filename}: {what}." if error.filename else f"{what.capitalize()}."
