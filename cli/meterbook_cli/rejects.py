"""`rejects`: what is not billed and why, what it may be worth, and what a catalog brings back."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import typer
from meterbook.canonical import short
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.report.rejects import billed, outcomes, refused, refused_lines, verdicts

from meterbook_cli.printing import put, put_table, say
from meterbook_cli.scratch import scratch_book
from meterbook_cli.session import FINDINGS, workspace_of

REASONS = ["reason", "events", "lines", "at stake", "currency"]
LINES = ["reason", "file", "row", "tenant", "metric", "event", "time", "quantity", "unit"]


def join(app: typer.Typer) -> None:
    """Add this group's verb to the app."""
    app.command()(rejects)


def rejects(
    context: typer.Context,
    as_list: Annotated[
        bool, typer.Option("--list", help="Show every line: file, row and values.")
    ] = False,
    would_pass: Annotated[
        Path | None,
        typer.Option(metavar="CATALOG_DIR", help="Show what would come back under this catalog."),
    ] = None,
) -> None:
    """List usage that is not billed, by reason, with what it would cost at list price.

    The price is that of the tenant's plan on the event's day, without what a plan includes; an
    event is priced once. Where no price is known (no plan, no rate, another unit, a metric that is
    not summed) or another line of the event counts, none is shown.
    """
    if as_list and would_pass:
        raise typer.BadParameter("Say --list or --would-pass, not both.")
    if would_pass:
        _would_pass(context, would_pass)
        return
    with workspace_of(context) as workspace:
        workspace.book.update()
        found = refused(workspace.book)
        lines = refused_lines(workspace.book) if as_list else []
    if as_list:
        put_table(LINES, [astuple(line) for line in lines])
    elif found:
        rows = [
            (of.reason, of.event_count, of.line_count, of.amount and short(of.amount), of.currency)
            for of in found
        ]
        put_table(REASONS, rows)
    say(f"{sum(of.event_count for of in found)} event(s) are not billed.")
    if found:
        raise typer.Exit(FINDINGS)


def _would_pass(context: typer.Context, folder: Path) -> None:
    """Apply the catalog to a copy of the book, and compare what the two say of the same usage."""
    documents = read_catalog(folder)
    with workspace_of(context) as workspace:
        workspace.book.update()
        now = verdicts(workspace.book)
        with scratch_book(workspace) as book:
            applied = apply_catalog(book, documents)
            then = verdicts(book)
    moved, quantities = outcomes(now, then), billed(now, then)
    if moved:
        put_table(
            ["now", "then", "events", "lines"],
            [(of.now, of.then, of.event_count, of.line_count) for of in moved],
        )
    if quantities:
        put()
        put_table(
            ["month", "tenant", "metric", "billed now", "billed then"],
            [
                (f"{of.period_start:%Y-%m}", of.tenant_id, of.metric, short(of.now), short(of.then))
                for of in quantities
            ],
        )
    say(
        f"{len(applied.changes)} document(s) would change; "
        f"{len(now.lines.keys() & then.lines.keys())} of {len(now.lines)} "
        "refused line(s) would stay refused. Nothing has been applied."
    )
