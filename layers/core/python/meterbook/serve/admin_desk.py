"""What the routes of finance are plugged into, and how they look into the book."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from meterbook.book import Book
from meterbook.period import Period
from meterbook.ports import Clock, JobStarter, ObjectStore
from meterbook.report import finance
from meterbook.serve.asked import Asked
from meterbook.serve.identity import Verifier
from meterbook.serve.routes import IDENTIFIER, Param

READ, WRITE = "admin:read", "admin:write"
REASON = Param(
    "reason", "Why, in words", r"^(?=.*\S)[^\u0000-\u001f\u007f]+$", required=True, longest=500
)
POINT = Param("point", "A point of the checklist that is open", r"^[a-z_]{1,64}$", required=True)
ACCOUNT = Param("account_id", "An account's id", IDENTIFIER, required=True)


@dataclass(frozen=True, slots=True)
class AdminDesk:
    """Who is trusted, where writes are put down, and the way to the book and the jobs.

    `open_book` is entered once for each request and left before a job is started, so that on one
    machine the job finds the book free.
    """

    open_book: Callable[[], AbstractContextManager[Book]]
    jobs: JobStarter
    verifier: Verifier
    clock: Clock
    signing_key: bytes
    records: ObjectStore
    secure: bool = True
    public_url: str = ""

    @property
    def as_of(self) -> str:
        """The moment of an answer: it is asked of the book as it stands then."""
        return f"{self.clock.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def chosen_period(book: Book, asked: Asked) -> Period:
    """The month that is asked for; else the newest that has cost, the newest, or this one."""
    if asked.get("period"):
        return Period.parse(asked.get("period"))
    known: list[dict[str, Any]] = finance.known_periods(book)
    with_cost = [one for one in known if one["cost_day_count"]]
    for one in (*with_cost, *known):
        return Period.parse(one["period"])
    return Period.of(book.clock.now().astimezone(UTC).date())
