"""How a printed invoice speaks: words, figures and days of one language, and texts that fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale

from meterbook.canonical import short
from meterbook.invoice.words import shown_day, shown_figure, words


@dataclass(frozen=True, slots=True)
class Say:
    """The voice of a language: `say("per", size="1,000")` is a text of its words."""

    language: str

    def __call__(self, word: str, **filled: str) -> str:
        """A text of the language's words, filled in."""
        return words(self.language)[word].format(**filled)

    def figure(self, figure: str) -> str:
        """A decimal; nothing for none."""
        return shown_figure(figure, self.language) if figure else ""

    def money(self, amount: str, currency: str) -> str:
        """An amount with its currency, on one line."""
        return f"{currency}\u00a0{self.figure(amount)}"

    def day(self, day: str) -> str:
        """An ISO date."""
        return shown_day(day, self.language)

    def rate(self, category: str, percent: str) -> str:
        """A tax category of EN 16931 with its rate; nothing where no tax is stated."""
        return self(f"tax_{category}", percent=self.figure(short(percent))) if category else ""

    def country(self, code: str) -> str:
        """A country by its ISO code; a code that is none speaks for itself."""
        return str(Locale(self.language).territories.get(code, code))


def broken(text: str, longest: int = 24) -> str:
    """A text whose words may break anywhere where they are too long for the place they stand in."""
    return re.sub(rf"\S{{{longest},}}", lambda found: "\u200b".join(found[0]), text)


def counts(amount: str) -> bool:
    """Whether an amount is more, or less, than nothing."""
    return Decimal(amount) != 0


def negated(amount: str) -> str:
    """What is taken off."""
    return f"{-Decimal(amount):f}" if counts(amount) else amount
