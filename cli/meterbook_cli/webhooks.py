"""`webhooks send`: what was announced, posted to the addresses of the catalog."""

from __future__ import annotations

import typer
from meterbook.http.webhooks import HttpWebhooks
from meterbook.report.send_webhooks import TAKEN, Desk, announcement_of, send_webhooks
from meterbook.report.webhooks import read_webhooks, webhook_documents
from meterbook_local.secrets import secret

from meterbook_cli.printing import put_table, say
from meterbook_cli.session import FINDINGS, session_of, workspace_of


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    webhooks = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    webhooks.command("send")(send)
    app.add_typer(webhooks, name="webhooks", help="Tell addresses outside what was announced.")


def send(context: typer.Context) -> None:
    """Post each announcement, signed, to every address that has not answered it for good."""
    with workspace_of(context) as workspace:
        workspace.book.update()
        webhooks = read_webhooks(webhook_documents(workspace.book))
        desk = Desk(HttpWebhooks(), secret, workspace.announced, session_of(context).clock)
        events = map(announcement_of, workspace.outbox.published())
        answers = [answer for event in events for answer in send_webhooks(desk, webhooks, event)]
    if answers:
        rows = [(one.webhook_id, one.event_id, one.state, one.reason) for one in answers]
        put_table(["webhook", "event", "state", "reason"], rows)
    taken = sum(answer.state == TAKEN for answer in answers)
    say(f"{taken} of {len(answers)} post(s) to {len(webhooks)} webhook(s) were taken.")
    if taken < len(answers):
        raise typer.Exit(FINDINGS)
