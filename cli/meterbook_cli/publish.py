"""`publish`: what each tenant may see, as documents that its pages are made from."""

from __future__ import annotations

import typer
from meterbook.report.publish_tenant_views import Published, publish_tenant_views
from meterbook_local.recalculator import TariffRecalculator
from meterbook_local.views import FolderViews
from meterbook_local.workspace import Workspace

from meterbook_cli.printing import say
from meterbook_cli.session import workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verb to the app."""
    app.command()(publish)


def publish(context: typer.Context) -> None:
    """Write what each tenant may see of its months, plans, events and documents, where it changed.

    Months that are open show what they would come to if they closed now.
    """
    with workspace_of(context) as workspace:
        done = publish_views(workspace)
    say(
        f"As of {done.as_of}: {done.changed} of {done.tenants} tenant(s) changed, "
        f"{done.written} document(s) written, {done.removed} removed."
    )


def publish_views(workspace: Workspace) -> Published:
    """Publish what a workspace holds now, in its folder `views`."""
    views = FolderViews(workspace.root / "views")
    return publish_tenant_views(workspace.book, workspace.evidence, views, TariffRecalculator())
