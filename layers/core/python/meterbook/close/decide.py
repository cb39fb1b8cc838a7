"""What people decide about a month: to close it all the same, or to let a bill go out."""

from __future__ import annotations

from collections.abc import Collection

from meterbook.book import Book
from meterbook.canonical import plain
from meterbook.close.readiness import NEVER_WAIVED, Blocker, blockers
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import InputRefused, Refused
from meterbook.period import Period

STREAM, SUBJECTS = "decisions", "closes"
CLOSE_ANYWAY, APPROVE = "close_anyway", "approve_close"
DECIDED = ("billing.document_approvals",)
"""The models that a decision changes, for `only`: who decides on a page waits for no others."""


def decide(
    book: Book,
    period: Period,
    blocker: str,
    *,
    actor: str,
    reason: str,
    only: Collection[str] = (),
) -> Blocker:
    """Let one point of the readiness gate pass as it stands now, with a name and a reason.

    When there is more of it later, that is another point. `only` are the models to bring up to
    date, all of them where none is named. Errors: `Refused` for a point that does
    not block, and for one that nobody may let pass.
    """
    _must_be_signed(actor, reason)
    book.update(only)
    found = {point.blocker: point for point in blockers(book, period)}
    if blocker not in found:
        others = ", ".join(point.blocker for point in found.values() if not point.decided_by)
        raise Refused(
            detail=f"{blocker!r} does not block {period}. Waiting for a decision: "
            f"{others or 'nothing'}."
        )
    point = found[blocker]
    if blocker in NEVER_WAIVED:
        raise Refused(
            detail=f"{point} in {period}: this is mended, or accepted with `meterbook accept`, and "
            "nobody lets it pass here."
        )
    _land(book, CLOSE_ANYWAY, point.subject, actor.strip(), reason.strip())
    book.update(only)
    return point


def approve(
    book: Book,
    period: Period,
    account_id: str,
    *,
    actor: str,
    reason: str,
    only: Collection[str] = (),
) -> None:
    """Let a bill go out that is far from those before it; `only` as in `decide`.

    Errors: `Refused` for an account that is not closed, or whose bill waits for nobody.
    """
    _must_be_signed(actor, reason)
    book.update(only)
    rows = book.query("approve_close", period_start=period.start, account_id=account_id)
    if not rows:
        raise Refused(detail=f"Account {account_id} is not closed for {period}.")
    (row,) = rows
    if row["is_approved"]:
        by = f": {row['approved_by']} has approved it" if row["approved_by"] else ""
        raise Refused(detail=f"The bill of {account_id} for {period} waits for nobody{by}.")
    _land(book, APPROVE, f"{period}.{account_id}", actor.strip(), reason.strip())
    book.update(only)


def _must_be_signed(actor: str, reason: str) -> None:
    if not actor.strip():
        raise InputRefused(detail="A decision needs the name of who takes it: say --actor NAME.")
    if not reason.strip():
        raise InputRefused(detail="A decision needs its reason: say --reason TEXT.")


def _land(book: Book, decision: str, subject: str, actor: str, reason: str) -> None:
    """Land the decision. Errors: `Refused` when somebody was quicker."""
    now, id_ = book.clock.now(), f"{decision}.{subject}"
    row = {
        "decision": decision,
        "stream": SUBJECTS,
        "subject": subject,
        "actor": actor,
        "reason": reason,
        "decided_at": plain(now),
    }
    files = land_rows(book.landing, STREAM, id_, [row])
    if not close_delivery(book.landing, Delivery(id_, STREAM, id_, id_, now, files)):
        raise Refused(detail=f"This was decided already ({subject}).")
