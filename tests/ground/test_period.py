"""A period is a calendar month in UTC: the first day belongs to it, the day after the last not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterbook.errors import BadPeriod
from meterbook.period import Period

DAYS = st.dates(date(1, 1, 1), date(9998, 12, 31))
always_the_same = settings(derandomize=True, deadline=None)


def test_a_period_is_read_as_it_is_written() -> None:
    october = Period.parse("2026-10")
    assert (str(october), october.start, october.end) == (
        "2026-10",
        date(2026, 10, 1),
        date(2026, 11, 1),
    )


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-00", "2026-13", "2026-1", "26-10", "0000-10", "9999-12", "2026-10-01",
     "2026/10", " 2026-10", "2026-10\n", "２０２６-10", "october"],
)  # fmt: skip
def test_anything_but_a_year_and_a_month_is_refused_with_the_form_wanted(text: str) -> None:
    with pytest.raises(BadPeriod, match="YYYY-MM"):
        Period.parse(text)


def test_december_is_followed_by_january() -> None:
    assert Period.parse("2026-12").next == Period.parse("2027-01")


@always_the_same
@given(DAYS)
def test_a_day_belongs_to_its_own_month_alone(day: date) -> None:
    period = Period.of(day)
    assert str(period) == f"{day.year:04}-{day.month:02}"
    assert Period.parse(str(period)) == period
    assert [day in period, day in period.next] == [True, False]


@always_the_same
@given(DAYS)
def test_periods_follow_each_other_without_gap_or_overlap(day: date) -> None:
    period = Period.of(day)
    last = period.end - timedelta(days=1)
    assert period.next.start == period.end
    assert period < period.next
    assert [period.start in period, last in period, period.end in period] == [True, True, False]
    assert (last.year, last.month) == (day.year, day.month)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, 999_999, tzinfo=UTC), False),
        (datetime(2026, 11, 1, tzinfo=UTC), True),
        (datetime(2026, 11, 1, 1, 59, tzinfo=timezone(timedelta(hours=2))), False),
        (datetime(2026, 10, 31, 20, tzinfo=timezone(timedelta(hours=-4))), True),
    ],
)
def test_a_period_is_over_when_its_last_day_has_ended_in_utc(now: datetime, over: bool) -> None:
    assert Period.parse("2026-10").is_over(now) is over
