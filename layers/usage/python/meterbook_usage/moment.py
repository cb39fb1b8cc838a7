"""Moments as the book reads them: ISO 8601 in UTC, to the microsecond."""

from __future__ import annotations

import time
from functools import lru_cache


def moment(nanoseconds: int) -> str:
    """The text of a moment, given in nanoseconds since 1970."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_second(seconds)}{str(1_000_000_000 + rest)[1:7]}Z"


@lru_cache(maxsize=64)  # many events happen in one second
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(seconds))
