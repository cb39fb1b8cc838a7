"""How a page speaks: its words, and figures, days and moments as a language writes them.

Amounts come as text and leave as text: nothing is rounded here but a share in percent and a cost
whose decimals nobody reads, and both are shown beside the exact figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from meterbook.canonical import short
from meterbook.invoice.words import shown_day, shown_figure
from meterbook.invoice.words import words as invoice_words
from meterbook.pages.words import words

_NARROW = "\u00a0"
_MONTH = len("2026-10")


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice of a language: `say("days_of", days="21")`, `say.money("1413.55", "USD")`."""

    language: str
    more: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, word: str, **filled: object) -> str:
        """A text, filled in: the page's own word, else the invoice's. Errors: `KeyError`."""
        for known in (self.more, words(self.language)):
            if word in known:
                return known[word].format(**filled)
        return invoice_words(self.language)[word].format(**filled)

    def knows(self, word: str) -> bool:
        """Whether there is such a word."""
        known = (self.more, words(self.language), invoice_words(self.language))
        return any(word in said for said in known)

    def figure(self, figure: object) -> str:
        """A decimal as it stands; nothing for none."""
        return shown_figure(str(figure), self.language) if figure not in ("", None) else ""

    def quantity(self, figure: object) -> str:
        """A decimal without zeros at its end; nothing for none."""
        return self.figure(short(figure)) if figure not in ("", None) else ""

    def money(self, amount: str, currency: str) -> str:
        """An amount with its currency, on one line."""
        return f"{currency}{_NARROW}{self.figure(amount)}"

    def cost(self, amount: str) -> str:
        """A cost to the cent, for reading; the exact one stands beside it in the page."""
        return self.figure(f"{Decimal(amount).quantize(Decimal('0.01'), ROUND_HALF_UP):f}")

    def percent(self, share: str) -> str:
        """A share (0..1) in percent. It is cut, so that nothing reads 100 before it is."""
        percent = (Decimal(share) * 100).quantize(Decimal("0.1"), ROUND_DOWN)
        return f"{self.figure(short(percent))}{self('percent_sign')}"

    def day(self, day: str) -> str:
        """An ISO date."""
        return shown_day(day, self.language)

    def short_day(self, day: str) -> str:
        """A day of a year that is known: `5 Nov`, `5. Nov.`."""
        month = self(f"month_{day[5:7]}")
        shown = month if len(month) <= 4 else month[:3] + self("cut_month")
        return self("short_day", day=int(day[8:]), month=shown)

    def moment(self, moment: str) -> str:
        """A moment of UTC, to the minute."""
        return f"{self.day(moment[:10])} {moment[11:16]}{_NARROW}UTC"

    def second(self, moment: str) -> str:
        """A moment of UTC as exactly as it was recorded."""
        return f"{self.day(moment[:10])} {self.time(moment)}{_NARROW}UTC"

    def time(self, moment: str) -> str:
        """The time of a moment, with the fractions of a second that it has."""
        second, _, fraction = moment[11:].removesuffix("Z").partition(".")
        return f"{second}.{fraction}" if fraction.strip("0") else second

    def month(self, period: str) -> str:
        """A period of one month by its name; another period speaks for itself."""
        if len(period) != _MONTH:
            return period
        return f"{self(f'month_{period[5:]}')} {period[:4]}"


def negated(amount: str) -> str:
    """What is taken off."""
    return amount if is_nothing(amount) else f"{-Decimal(amount):f}"


def is_nothing(amount: str) -> bool:
    """Whether an amount is neither more nor less than nothing."""
    return Decimal(amount) == 0
