"""`apply-sql`: bring the book to what the texts of this version define."""

from __future__ import annotations

from typing import Annotated

import typer
from meterbook.apply_sql import apply_sql as bring_up_to_date

from meterbook_cli.printing import put, say
from meterbook_cli.session import workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verb to the app."""
    app.command()(apply_sql)


def apply_sql(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be applied.")] = False,
) -> None:
    """Apply the texts of `sql/` that changed; every other command does so first, silently."""
    with workspace_of(context, apply=False) as workspace:
        changed = bring_up_to_date(workspace.book.warehouse, plan_only=plan)
    for line in changed:
        put(line)
    say(f"{len(changed)} text(s) {'would be applied' if plan else 'applied'}.")
