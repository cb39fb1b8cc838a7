"""What happens to bills after they went out: the second half of `demo` and `real`.

One bill is paid, one gets a charge that was forgotten, one is corrected, one is credited in part.
In the demo the next month closes as well: what came late for the first is added to one bill, and
given back on another. Of the month after that only the first half is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from meterbook.book import Book
from meterbook.close.close_period import close_period
from meterbook.close.decide import approve, decide
from meterbook.close.readiness import NEVER_WAIVED, Parked, blockers
from meterbook.collect.ingest_usage import ingest_usage
from meterbook.collect.mapping import read_usage_mapping
from meterbook.costs.ingest_account_usage import land_account_usage
from meterbook.costs.ingest_cur import land_cur, read_cur_mapping
from meterbook.invoice.correct_invoice import correct_invoice, debit_invoice
from meterbook.invoice.credit_invoice import credit_invoice
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook.invoice.issued import Issued
from meterbook.invoice.receipts import record_receipt
from meterbook.period import Period
from meterbook_local.demo_platform import Brought
from meterbook_local.workspace import Workspace

from meterbook_cli.desk import desk_of
from meterbook_cli.printing import step

ACTOR = "demo"


def close_and_issue(workspace: Workspace, source: str, period: Period) -> Sequence[Parked]:
    """Decide what has to be decided, close, issue; return who was parked."""
    let_pass(workspace.book, period)
    with step(f"Closing {period}"):
        closed = close_period(workspace.book, workspace.outbox, workspace.announced, source, period)
    with step("Writing documents"):
        run = issue_invoices(workspace.book, desk_of(workspace, source))
        for one in run.unapproved:
            approve(workspace.book, period, one.account_id, actor=ACTOR, reason="looked at: late")
        if run.unapproved:
            issue_invoices(workspace.book, desk_of(workspace, source))
    return closed.parked


def let_pass(book: Book, period: Period) -> None:
    """Say of every point of the gate that it may pass; in a walk there is nobody to ask."""
    book.update()
    for point in blockers(book, period):
        if point.is_open and point.blocker not in NEVER_WAIVED:
            decide(book, period, point.blocker, actor=ACTOR, reason="seen; nobody is there to ask")


def settle(workspace: Workspace, source: str, issued: Sequence[Issued]) -> None:
    """Let happen to the first bills what happens to bills, and issue what comes of it."""
    book, evidence = workspace.book, workspace.evidence
    first, second, last = issued[0], issued[1], issued[-1]
    with step("Correcting, crediting, charging"):
        paid_on = date.fromisoformat(first.issue_date)
        record_receipt(book, first.number, first.total, paid_on, reference="bank 0001", actor=ACTOR)
        debit_invoice(book, first.number, "25.00", actor=ACTOR, reason="Training on 28 October")
        correct_invoice(book, evidence, second.number, actor=ACTOR, reason="The address was wrong")
        credit_invoice(
            book, evidence, last.number, amount="10.00", actor=ACTOR, reason="An hour of outage"
        )
        issue_invoices(book, desk_of(workspace, source))


def take_in_later(
    workspace: Workspace, source: str, brought: Brought, usage_mapping: Path, cost_mapping: Path
) -> Sequence[Parked]:
    """Take in what a later month brings, and close it if it is one that closes."""
    book, now = workspace.book, brought.now
    with step(f"Reading usage and cost until {now:%Y-%m-%d}"):
        land_cur(book.landing, now, [brought.costs], read_cur_mapping(cost_mapping))
        land_account_usage(book.landing, now, brought.credits)
        ingest_usage(book, [brought.usage], read_usage_mapping(usage_mapping))
    return close_and_issue(workspace, source, brought.closes) if brought.closes else ()
