"""The current time: the machine's, or one moment that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from meterbook.errors import InputRefused


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this adapter is where the port gets its time


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still, so that a run can be repeated byte by byte."""

    moment: datetime

    def __post_init__(self) -> None:
        if self.moment.tzinfo is None:
            raise InputRefused(
                detail=f"{self.moment.isoformat()} does not say its offset from UTC."
            )
        if not 1 < self.moment.year < 9999:  # a day more or less must still be a date
            raise InputRefused(detail=f"{self.moment.isoformat()} is no time to work at.")

    def now(self) -> datetime:
        """The moment, aware and in UTC."""
        return self.moment.astimezone(UTC)
