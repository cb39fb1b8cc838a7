"""The billing period: a calendar month in UTC, `[start, end)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from meterbook.errors import BadPeriod

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month, named like `2026-10`; periods sort in time."""

    start: date

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `YYYY-MM`; anything else is refused with the form that is wanted.

        The year 9999 stands for "for ever" in the catalog and is no year to bill.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None or match[1] in ("0000", "9999"):
            raise BadPeriod(text=text)
        return cls(date(int(match[1]), int(match[2]), 1))

    @classmethod
    def of(cls, day: date) -> Period:
        """The period that a day belongs to."""
        return cls(day.replace(day=1))

    @property
    def end(self) -> date:
        """The first day that no longer belongs to the period."""
        year, month = self.start.year, self.start.month
        return date(year + month // 12, month % 12 + 1, 1)

    @property
    def next(self) -> Period:
        """The month after."""
        return Period(self.end)

    @property
    def previous(self) -> Period:
        """The month before."""
        return Period.of(self.start - timedelta(days=1))

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def is_over(self, now: datetime) -> bool:
        """Whether the period has ended at a moment (aware, any zone)."""
        return now >= datetime.combine(self.end, time.min, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.start.year:04}-{self.start.month:02}"
