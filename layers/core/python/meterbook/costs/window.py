"""Which days a fetch of costs asks for, and its place among the fetches before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from meterbook.book import Book
from meterbook.delivery import RECORDS_PREFIX
from meterbook.period import Period
from meterbook.ports import ObjectStore

MONTHS_BACK = 1
STAMP = "%Y%m%dT%H%M%S%f"
_STAMPED = re.compile(r"[0-9]{8}T[0-9]{12}(?=\.)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The window `[start, end)`."""

    start: date
    end: date

    def __iter__(self) -> Iterator[date]:
        return (self.start + n * _DAY for n in range((self.end - self.start).days))

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def last(self) -> date:
        """The last day that belongs to the window."""
        return self.end - _DAY


def cost_window(book: Book) -> Days:
    """Up to yesterday, from so many months back as CONFIG says, yesterday's month in any case.

    Sources restate for weeks, and the latest complete delivery decides its days.
    """
    today = book.clock.now().astimezone(UTC).date()
    rows = book.query("config_value", config_key="cost_window_months", day=today)
    period = Period.of(today)
    for _ in range(int(str(rows[0]["value"])) if rows else MONTHS_BACK):
        period = Period.of(period.start - _DAY)
    return Days(min(period.start, Period.of(today - _DAY).start), today)


def ordered_after(landing: ObjectStore, stream: str, id_prefix: str, now: datetime) -> datetime:
    """Now, unless a delivery whose id is the prefix and a stamp is ahead of the clock."""
    prefix = f"{RECORDS_PREFIX}{stream}/{id_prefix}"
    rests = (key.removeprefix(prefix) for key in landing.keys(prefix))
    stamps = [match[0] for rest in rests if (match := _STAMPED.match(rest))]
    if not stamps:
        return now
    before = datetime.strptime(max(stamps), STAMP).replace(tzinfo=UTC)
    return max(now, before + timedelta(microseconds=1))
