"""Both languages say the same things, and write figures and days as their readers do."""

from __future__ import annotations

import re

import pytest
from meterbook.errors import BookInconsistent
from meterbook.invoice.typeface import printable
from meterbook.invoice.words import LANGUAGES, shown_day, shown_figure, words


def test_each_language_has_every_word_with_the_same_places_to_fill() -> None:
    places = {
        language: {key: set(re.findall(r"{\w+}", text)) for key, text in words(language).items()}
        for language in LANGUAGES
    }
    assert all(found == places["en"] for found in places.values())


def test_every_word_can_be_printed() -> None:
    for language in LANGUAGES:
        for text in words(language).values():
            assert printable(text) == text.strip()


@pytest.mark.parametrize(
    ("language", "figure", "shown"),
    [
        ("en", "-1234567.50", "−1,234,567.50"),
        ("de", "-1234567.50", "−1.234.567,50"),
        ("de", "1234567890123456789012.000001", "1.234.567.890.123.456.789.012,000001"),
        ("de", "999", "999"),
    ],
)
def test_figures_have_the_marks_of_their_language(language: str, figure: str, shown: str) -> None:
    assert shown_figure(figure, language) == shown


def test_days_have_the_order_of_their_language() -> None:
    assert [shown_day("2026-11-05", one) for one in ("en", "de")] == ["2026-11-05", "05.11.2026"]


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(BookInconsistent, match="'fr'; known are en, de"):
        words("fr")
