"""Every clock keeps this contract: aware, in UTC, and never backwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from meterbook.errors import InputRefused
from meterbook.ports import Clock
from meterbook_local.clock import FixedClock, SystemClock

ADAPTERS: dict[str, Callable[[], Clock]] = {
    "system": SystemClock,
    "fixed": lambda: FixedClock(datetime(2019, 12, 5, 6, 0, tzinfo=UTC)),
}


@pytest.fixture(params=ADAPTERS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return ADAPTERS[request.param]()


def test_the_moment_is_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_time_does_not_run_backwards(clock: Clock) -> None:
    moments = [clock.now() for _ in range(100)]
    assert moments == sorted(moments)


def test_a_fixed_clock_stands_still_and_tells_its_moment_in_utc() -> None:
    clock = FixedClock(datetime(2019, 12, 5, 8, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2019, 12, 5, 6, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(InputRefused):
        FixedClock(datetime(2019, 12, 5))  # noqa: DTZ001 - that is the point
