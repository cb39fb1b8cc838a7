"""`serve`: the pages of licensees and of finance, for browsers of this machine."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer
from meterbook_local.views import FolderViews

from meterbook_cli.printing import say, step
from meterbook_cli.publish import publish_views
from meterbook_cli.session import session_of, verb_of, workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verb to the app."""
    app.command()(serve)


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(metavar="PORT", help="Where it listens.")] = 8080,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="An address of this machine alone.")
    ] = "127.0.0.1",
) -> None:
    """Show the pages of licensees and of finance to browsers of this machine, until Ctrl-C.

    They are the apps that are deployed, over this workspace. Other commands can run meanwhile; what
    they bring in is on the licensees' pages after `meterbook publish`.
    """
    from meterbook_local.front_door import listening  # noqa: PLC0415 - no other verb waits for it

    from meterbook_cli.front import front_door_of  # noqa: PLC0415 - nor for this

    session = session_of(context)
    with workspace_of(context) as workspace:
        root = workspace.root
        if not any(FolderViews(root / "views").keys("published.json")):
            with step("Publishing"):
                publish_views(workspace)
    door = front_door_of(root, session.clock, session.settings.event_source, say, verb_of(context))
    with closing(listening(door, host, port)) as server:
        at = f"http://{host}:{server.effective_port}"
        say(f"{at} is open to browsers of this machine; Ctrl-C ends it.")
        server.run()
