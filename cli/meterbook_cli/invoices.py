"""`issue`, `credit`, `correct`, `debit`, `receipt`: documents, what corrects them, what is paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from meterbook.close.frozen import FrozenDocument
from meterbook.invoice.correct_invoice import correct_invoice, debit_invoice
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.draft import Held
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.invoice.receipts import record_receipt
from meterbook.period import Period

from meterbook_cli.closing import Actor, Reason
from meterbook_cli.desk import desk_of
from meterbook_cli.printing import put, put_table, say
from meterbook_cli.session import FINDINGS, session_of, workspace_of

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number of an issued document.")]


def join(app: typer.Typer) -> None:
    """Add this group's verbs to the app."""
    for verb in (issue, credit, correct, debit, receipt):
        app.command()(verb)


def issue(
    context: typer.Context,
    period: Annotated[
        str | None, typer.Argument(metavar="[YYYY-MM]", help="The month; without it, every one.")
    ] = None,
) -> None:
    """Number and write every document that was frozen and approved, and seal it in the register."""
    wanted = Period.parse(period) if period else None
    source = session_of(context).settings.event_source
    with workspace_of(context) as workspace:
        run = issue_invoices(workspace.book, desk_of(workspace, source), wanted)
    if run.issued:
        put_table(
            ["number", "kind", "account", "period", "total", "currency", "pdf"],
            [
                (
                    i.number,
                    i.kind,
                    i.account_id,
                    i.period,
                    i.total,
                    i.currency,
                    f"evidence/{i.pdf_key}",
                )
                for i in run.issued
            ],
        )
    put_held("held", run.held)
    put_held("waits", run.unapproved)
    for unmailed in run.unmailed:
        put(f"not mailed  {unmailed.number}: {unmailed.reason}")
    say(f"{len(run.issued)} document(s) issued.")
    if run.held or run.unapproved or run.unmailed:
        raise typer.Exit(FINDINGS)


def put_held(what: str, held: Sequence[Held]) -> None:
    """Say which documents got no number, and why."""
    for one in held:
        name = " ".join(part for part in (one.kind, one.subject) if part)
        put(f"{what}  {one.account_id} {one.period} {name}: {' '.join(one.reasons)}")


def credit(
    context: typer.Context,
    number: Number,
    actor: Actor,
    reason: Reason,
    amount: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="So much before tax [default: all that is left]."),
    ] = None,
) -> None:
    """Freeze a credit note for an issued document; `issue` gives it its number."""
    with workspace_of(context) as workspace:
        made = credit_invoice(
            workspace.book, workspace.evidence, number, amount=amount, actor=actor, reason=reason
        )
    _put_frozen(made)


def correct(context: typer.Context, number: Number, actor: Actor, reason: Reason) -> None:
    """Freeze a reversal and, with what is known today, the corrected invoice in its place."""
    with workspace_of(context) as workspace:
        made = correct_invoice(
            workspace.book, workspace.evidence, number, actor=actor, reason=reason
        )
    _put_frozen(*made)


def debit(
    context: typer.Context,
    number: Number,
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="So much more, before tax.")],
    actor: Actor,
    reason: Reason,
) -> None:
    """Freeze a debit note beside an issued document; `issue` gives it its number."""
    with workspace_of(context) as workspace:
        made = debit_invoice(workspace.book, number, amount, actor=actor, reason=reason)
    _put_frozen(made)


def receipt(
    context: typer.Context,
    number: Number,
    amount: Annotated[
        str, typer.Option(metavar="AMOUNT", help="What came in; below zero, what went back.")
    ],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="When.")],
    reference: Annotated[str, typer.Option(metavar="TEXT", help="The bank's; one is one payment.")],
    actor: Actor,
) -> None:
    """Record what others report as paid on a document."""
    with workspace_of(context) as workspace:
        done = record_receipt(
            workspace.book, number, amount, on.date(), reference=reference, actor=actor
        )
    known = "" if done.is_new else " It was recorded before."
    say(f"{number}: {done.received} {done.currency} received, {done.open} open.{known}")


def _put_frozen(*made: FrozenDocument) -> None:
    for one in made:
        body = one.body
        name = f"{one.account_id} {one.period} {one.kind} {one.subject}"
        put(f"frozen  {name}: {body['total']} {body['currency']} before tax")
    say("`meterbook issue` gives the number.")
