"""What finance does about a month: one function for each act, for programs and for forms.

Decisions land through the rooms that the command line uses. Closing and issuing are jobs: here it
is only made sure that there is something to do and nothing in the way. A gateway waits half a
minute: an act brings up to date what a decision changes, and the job everything before it counts.
"""

from __future__ import annotations

from meterbook.close.close_period import close_readiness, must_be_ready
from meterbook.close.decide import DECIDED, approve, decide
from meterbook.errors import NothingToClose, Refused
from meterbook.period import Period
from meterbook.report.finance import documents_to_issue
from meterbook.serve.admin_desk import AdminDesk
from meterbook.serve.asked import Asked

Said = dict[str, str]


def approve_bill(desk: AdminDesk, asked: Asked) -> Said:
    """Let a bill go out that is far from those before it, in the asker's name."""
    account_id, signed = asked.get("account_id"), _signed(asked)
    with desk.open_book() as book:
        approve(book, Period.parse(asked.get("period")), account_id, only=DECIDED, **signed)
    return _said(asked, account_id=account_id, **signed)


def let_point_pass(desk: AdminDesk, asked: Asked) -> Said:
    """Let one point of the checklist pass as it stands, in the asker's name."""
    point, signed = asked.get("point"), _signed(asked)
    with desk.open_book() as book:
        passed = decide(book, Period.parse(asked.get("period")), point, only=DECIDED, **signed)
    return _said(asked, point=point, measure=str(passed.measure), **signed)


def start_close(desk: AdminDesk, asked: Asked) -> Said:
    """Start freezing the month. Errors: `PeriodNotOver`, `PeriodNotReady`, `NothingToClose`."""
    period = Period.parse(asked.get("period"))
    with desk.open_book() as book:
        stands = close_readiness(book, period, only=DECIDED)
    if not (stands.open_accounts or stands.parked):
        raise NothingToClose(period=period)
    must_be_ready(stands)
    return _started(desk, asked, "close_period")


def start_issue(desk: AdminDesk, asked: Asked) -> Said:
    """Start numbering what was frozen and may go out. Errors: `Refused` where nothing waits."""
    period = Period.parse(asked.get("period"))
    with desk.open_book() as book:
        waiting = documents_to_issue(book, period)
    if not waiting:
        raise Refused(detail=f"No document of {period} waits to be issued.")
    return _started(desk, asked, "issue_invoices")


def _signed(asked: Asked) -> Said:
    """Who decides is who the token speaks for, and nobody else."""
    return {"actor": asked.identity.actor, "reason": asked.get("reason")}


def _started(desk: AdminDesk, asked: Asked, job: str) -> Said:
    desk.jobs.start(job, {"period": asked.get("period")})
    return _said(asked, job=job)


def _said(asked: Asked, **said: str) -> Said:
    return {"period": asked.get("period"), **said}
