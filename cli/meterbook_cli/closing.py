"""`close`, `decide`, `approve`: the month is looked through, decided about, and frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from meterbook.close.close_period import close_period, close_readiness
from meterbook.close.decide import approve as approve_bill
from meterbook.close.decide import decide as let_pass
from meterbook.close.readiness import Blocker, Parked, Readiness
from meterbook.period import Period

from meterbook_cli.printing import put, put_table, say
from meterbook_cli.session import FINDINGS, session_of, workspace_of

Month = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month.")]
Actor = Annotated[str, typer.Option(metavar="NAME", help="Who decides.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    for verb in (close, decide, approve):
        app.command()(verb)


def close(
    context: typer.Context,
    period: Month,
    allow_open: Annotated[bool, typer.Option(help="Close it although it is not over.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only show what is in the way.")] = False,
) -> None:
    """Freeze a month, account by account; one that has a fault is parked with the reason."""
    source, month = session_of(context).settings.event_source, Period.parse(period)
    with workspace_of(context) as workspace:
        if dry_run:
            _put_checklist(close_readiness(workspace.book, month, allow_open=allow_open))
            return
        out = workspace.outbox, workspace.announced, source
        done = close_period(workspace.book, *out, month, allow_open=allow_open)
    for one in done.closed:
        put(f"closed  {one.account_id}: {one.total} {one.currency}")
    put_parked(done.parked)
    if not done.closed and not done.parked:
        say(f"Period {period} is closed.")
    if done.parked:
        raise typer.Exit(FINDINGS)


def _put_checklist(stands: Readiness) -> None:
    put_table(
        ["point", "state", "what", "decided by"],
        [(point.blocker, _state(point), _told(point), _decided(point)) for point in stands.points],
    )
    put()
    for account in stands.open_accounts:
        put(f"ready   {account}" if not stands.blockers else f"open    {account}")
    for account in stands.closed_accounts:
        put(f"closed  {account}")
    put_parked(stands.parked)
    if stands.blockers or stands.parked:
        raise typer.Exit(FINDINGS)


def _state(point: Blocker) -> str:
    if not point.measure:
        return "ok"
    return "decided" if point.decided_by else "blocks"


def _told(point: Blocker) -> str:
    return str(point) if point.measure else ""


def _decided(point: Blocker) -> str:
    return f"{point.decided_by}: {point.reason}" if point.decided_by else ""


def put_parked(parked: Sequence[Parked]) -> None:
    """Say which accounts could not be closed, and why."""
    for one in parked:
        put(f"parked  {one.account_id or one.tenant_id}: {'; '.join(one.reasons)}")


def decide(
    context: typer.Context,
    period: Month,
    point: Annotated[str, typer.Argument(help="A point of `close --dry-run` that blocks.")],
    actor: Actor,
    reason: Reason,
) -> None:
    """Let one point pass as it stands, so that the month can be closed; your name is kept."""
    with workspace_of(context) as workspace:
        passed = let_pass(workspace.book, Period.parse(period), point, actor=actor, reason=reason)
    say(f"{period} may be closed although there is {passed}.")


def approve(
    context: typer.Context,
    period: Month,
    account: Annotated[str, typer.Argument(help="The account whose bill waits.")],
    actor: Actor,
    reason: Reason,
) -> None:
    """Let a bill go out that is far from those before it; your name is kept."""
    with workspace_of(context) as workspace:
        approve_bill(workspace.book, Period.parse(period), account, actor=actor, reason=reason)
    say(f"The bill of {account} for {period} may go out.")
