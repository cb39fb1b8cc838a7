"""A person lets a suspicious delivery count: the decision is a fact with a name beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from meterbook.book import Book
from meterbook.canonical import plain
from meterbook.delivery import Delivery, close_delivery, closed_delivery, land_rows
from meterbook.errors import InputRefused, Refused
from meterbook.ports import Row

STREAM = "decisions"
DECISION = "accept_delivery"
COST_STREAMS = ("cur", "aws_cost", "external_cost")


@dataclass(frozen=True, slots=True)
class DayChanged:
    """A day whose total, as charged, is another one now; `held_usd` is None where none counted."""

    usage_date: date
    held_usd: Decimal | None
    counts_usd: Decimal


def accept_delivery(
    book: Book, delivery_id: str, *, actor: str, reason: str = ""
) -> list[DayChanged]:
    """Let the suspicious days of a delivery count, once, and tell which totals that has changed.

    Errors: `Refused` for a delivery that is not there, not whole, or has no suspicious day.
    """
    if not actor.strip():
        raise InputRefused(detail="A decision needs the name of who takes it: say --actor NAME.")
    book.update()
    stream = _suspicious_stream(book, delivery_id)
    before = _totals(book, stream)
    _land(book, stream, delivery_id, actor.strip(), reason)
    book.update()
    after = _totals(book, stream).items()
    return [
        DayChanged(day, before.get((day, scope)), total)
        for (day, scope), total in after
        if before.get((day, scope)) != total
    ]


def _suspicious_stream(book: Book, delivery_id: str) -> str:
    suspicious = book.query("suspicious_days")
    for row in suspicious:
        if row["delivery_id"] == delivery_id:
            return str(row["stream"])
    waiting = sorted({str(row["delivery_id"]) for row in suspicious if row["is_waiting"]})
    raise Refused(
        detail=f"{_why_not(book, delivery_id)} "
        f"Suspicious and waiting: {', '.join(waiting) or 'no delivery'}."
    )


def _why_not(book: Book, delivery_id: str) -> str:
    """What keeps a delivery without a suspicious day from being accepted."""
    streams = [s for s in COST_STREAMS if closed_delivery(book.landing, s, delivery_id)]
    if not streams:
        return f"There is no delivery of cost {delivery_id!r}."
    if any(closed_delivery(book.landing, STREAM, _id(s, delivery_id)) for s in streams):
        return f"Delivery {delivery_id} has been accepted already."
    if not any(book.query("accept_complete", stream=s, delivery_id=delivery_id) for s in streams):
        return f"Delivery {delivery_id} has not landed whole, so it decides nothing."
    return f"Delivery {delivery_id} has no suspicious day: it counts as it is."


def _totals(book: Book, stream: str) -> dict[tuple[date, str], Decimal]:
    return dict(map(_total, book.query("accept_totals", stream=stream)))


def _total(row: Row) -> tuple[tuple[date, str], Decimal]:
    day = row["usage_date"]
    if not isinstance(day, date):
        raise TypeError("usage_date is a date")
    return (day, str(row["scope"])), Decimal(str(row["control_usd"]))


def _land(book: Book, stream: str, delivery_id: str, actor: str, reason: str) -> None:
    """Land the decision. Errors: `Refused` when somebody was quicker."""
    now, decision_id = book.clock.now(), _id(stream, delivery_id)
    row = {
        "decision": DECISION,
        "stream": stream,
        "subject": delivery_id,
        "actor": actor,
        "reason": reason,
        "decided_at": plain(now),
    }
    files = land_rows(book.landing, STREAM, decision_id, [row])
    decided = Delivery(decision_id, STREAM, decision_id, decision_id, now, files)
    if not close_delivery(book.landing, decided):
        raise Refused(detail=f"Delivery {delivery_id} has been accepted already.")


def _id(stream: str, delivery_id: str) -> str:
    return f"{DECISION}.{stream}.{delivery_id}"
