"""The pages speak English and German alike, and write figures as each has them."""

from __future__ import annotations

from string import Formatter

import pytest
from meterbook.errors import BookInconsistent
from meterbook.pages.figures import Voice, is_nothing, negated
from meterbook.pages.words import words

EN, DE = Voice("en"), Voice("de")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    assert words("en").keys() == words("de").keys()
    assert {word: places(text) for word, text in words("en").items()} == {
        word: places(text) for word, text in words("de").items()
    }


def test_no_word_is_left_empty_but_the_one_that_ends_a_short_month() -> None:
    for language in ("en", "de"):
        assert {word for word, text in words(language).items() if not text} <= {"cut_month"}


def test_another_language_is_refused() -> None:
    with pytest.raises(BookInconsistent):
        words("fr")


@pytest.mark.parametrize(
    ("said", "en", "de"),
    [
        (lambda say: say.figure("-1234567.50"), "\u22121,234,567.50", "\u22121.234.567,50"),
        (lambda say: say.quantity("311.278000"), "311.278", "311,278"),
        (lambda say: say.money("0.00", "EUR"), "EUR\u00a00.00", "EUR\u00a00,00"),
        (lambda say: say.percent("0.9999"), "99.9%", "99,9\u00a0%"),
        (lambda say: say.percent("1"), "100%", "100\u00a0%"),
        (lambda say: say.cost("411.076095010046"), "411.08", "411,08"),
        (lambda say: say.month("2026-03"), "March 2026", "März 2026"),
        (lambda say: say.short_day("2026-12-05"), "5 Dec", "5. Dez."),
        (lambda say: say.moment("2026-12-05T08:00:00Z"), "2026-12-05 08:00\u00a0UTC", "05.12.2026 08:00\u00a0UTC"),
        (lambda say: say.time("2026-12-05T08:00:01.250000Z"), "08:00:01.250000", "08:00:01.250000"),
        (lambda say: say.time("2026-12-05T08:00:01.000000Z"), "08:00:01", "08:00:01"),
        (lambda say: say("subtotal"), "Subtotal", "Zwischensumme"),
    ],
)  # fmt: skip
def test_a_figure_is_written_as_each_language_has_it(said: object, en: str, de: str) -> None:
    assert callable(said)
    assert (said(EN), said(DE)) == (en, de)


def test_what_is_taken_off_is_less_than_nothing_unless_it_is_nothing() -> None:
    assert (negated("5.00"), negated("-5.00"), negated("0.00")) == ("-5.00", "5.00", "0.00")
    assert is_nothing("-0.00")
    assert not is_nothing("0.01")
