"""What issuing is plugged into on one machine: the pool of processes, the mailbox, the key."""

from __future__ import annotations

from functools import partial

from meterbook.invoice.issue_invoices import Desk
from meterbook.invoice.mail import Post
from meterbook.invoice.render_invoice import Archive, render_invoice
from meterbook_local.mailbox import Mailbox
from meterbook_local.pool import RenderPool
from meterbook_local.workspace import Workspace


def desk_of(workspace: Workspace, event_source: str) -> Desk:
    """The desk of a workspace; mail goes to its folder `mail`."""
    archive = Archive(workspace.evidence, workspace.landing)
    return Desk(
        workspace.evidence,
        workspace.signer,
        RenderPool(partial(render_invoice, archive)),
        workspace.outbox,
        workspace.announced,
        event_source,
        Post(Mailbox(workspace.root / "mail")),
    )
