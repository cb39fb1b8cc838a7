"""`fetch external` and `ingest account-usage`: costs other than those of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from meterbook.costs.fetch_external_costs import fetch_external_costs
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.http.external_costs import HttpExternalCosts
from meterbook_local.secrets import secret

from meterbook_cli.printing import put_table, say, step
from meterbook_cli.session import workspace_of

Exports = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="CSV exports of the views, gzipped or not.")
]


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    fetch = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    fetch.callback()(_of_several)
    fetch.command("external")(external)
    app.add_typer(fetch, name="fetch", help="Ask others what they charged, and land it.")


def _of_several() -> None:
    """With a callback, a group of one verb stays a group."""


def external(context: typer.Context) -> None:
    """Fetch what the providers of the catalog charged by their APIs, day by day."""
    with workspace_of(context) as workspace, step("Fetching"):
        fetched = fetch_external_costs(workspace.book, HttpExternalCosts(secret))
    if fetched:
        columns = ["provider", "rows", "usd", "delivery"]
        put_table(columns, [(o.provider, o.rows, o.control_usd, o.delivery_id) for o in fetched])
    say(f"{len(fetched)} provider(s) fetched.")


def account_usage(context: typer.Context, files: Exports) -> None:
    """Bring in exports of Snowflake's ACCOUNT_USAGE: its credits by day, by hour and by query."""
    with workspace_of(context) as workspace, step("Reading credits"):
        done = ingest_account_usage(workspace.book, files)
    if done.unchanged:
        say("Nothing new: these rows are in the book already.")
    else:
        say(
            f"{done.rows} row(s), {done.days} day(s) with {done.credits_billed:f} credits billed, "
            f"as delivery {done.delivery_id}."
        )
