"""Measure whether Snowflake's credits still come in: their task has no function that could tell."""

from __future__ import annotations

from datetime import UTC, timedelta

from meterbook.book import Book

HOUR = timedelta(hours=1)


def credit_rows_written(book: Book) -> int:
    """How many rows were added in the last whole hour (UTC): each counts in one hour alone."""
    now = book.clock.now().astimezone(UTC)
    end = now.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    (counted,) = book.query("watch_credit_rows", first_moment=end - HOUR, end_moment=end)
    return int(str(counted["row_count"]))
