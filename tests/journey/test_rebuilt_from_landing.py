"""The landing folder is the book: whatever engine loads it again shows the same."""

from __future__ import annotations

from datetime import UTC, datetime

from journey.walk import Walked, book_over
from meterbook.book import Book
from meterbook.ports import Row


def views_of(book: Book) -> dict[str, list[Row]]:
    return {name: book.show(name) for name in book.views}


def test_a_book_loaded_again_from_its_landing_folder_shows_the_same(walked: Walked) -> None:
    again = Book(
        book_over(walked.month.catalog, walked.month.now).warehouse,
        walked.book.landing,
        walked.book.clock,
    )
    again.update()
    assert views_of(again) == views_of(walked.book)
    assert views_of(again)["metering.v_invoices"]
    assert again.check() == []


def test_when_it_is_loaded_decides_nothing(walked: Walked) -> None:
    years_later = datetime(2031, 3, 1, tzinfo=UTC)
    again = book_over(walked.month.catalog, years_later)
    again.warehouse.load(walked.book.landing, years_later)
    again.warehouse.refresh()
    assert views_of(again) == views_of(walked.book)
