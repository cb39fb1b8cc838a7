"""The parts that a line is made of: exact numbers that sum to it, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from meterbook.close.snapshot import Fields
from meterbook.errors import BookInconsistent

UNTRACED = "what the book no longer shows as it was frozen"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a line's amount is made of, in the line's currency; `parts` sum to it.

    `quantity` is what was counted or spent, in `unit`; `place` names the landed row.
    """

    what: str
    amount: Fraction
    quantity: Fraction | None = None
    unit: str = ""
    place: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """A fact that came after the close: it is in no part of the line."""

    what: str
    quantity: Fraction
    unit: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A frozen line: its arithmetic in words, the parts that sum to it, and what came later."""

    line: Fields
    steps: tuple[str, ...]
    parts: tuple[Part, ...]
    later: tuple[Later, ...] = ()


def total_of(parts: Iterable[Part]) -> Fraction:
    """What the parts come to."""
    return sum((part.amount for part in parts), Fraction())


def counted(parts: Iterable[Part]) -> Fraction:
    """What the parts count together."""
    return sum((part.quantity or Fraction() for part in parts), Fraction())


def rounded(line: Fields, minor_digits: int, parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts with a last one that makes the step to the line's amount.

    Errors: `BookInconsistent` when that step is larger than rounding can be.
    """
    parts = tuple(parts)
    step = Fraction(line["amount"]) - total_of(parts)
    if abs(step) > Fraction(1, 2 * 10**minor_digits):
        raise BookInconsistent(
            detail=f"Line {line['line_number']} states {line['amount']}, but its parts come to "
            f"{written(total_of(parts))}. `meterbook replay` says what has changed."
        )
    return (*parts, Part("rounding", step))


def exactly(parts: Iterable[Part], whole: Part) -> Part:
    """A part with its own parts, and where these do not come to it, one more that says so."""
    found = tuple(part for part in parts if part.quantity or part.amount)
    missing, count = whole.amount - total_of(found), (whole.quantity or 0) - counted(found)
    if found and (missing or count):
        found = (*found, Part(UNTRACED, missing, Fraction(count), whole.unit))
    return Part(whole.what, whole.amount, whole.quantity, whole.unit, whole.place, found)


def number(row: Mapping[str, Any], column: str) -> Fraction:
    """A figure of a row or a frozen line, exactly."""
    return Fraction(str(row[column]))


def written(value: Fraction) -> str:
    """A fraction as a decimal where it is one, else as `n/d`."""
    digits = _digits(value.denominator)
    if digits is None:
        return f"{value.numerator}/{value.denominator}"
    whole = abs(value.numerator) * 10**digits // value.denominator
    text = f"{whole:0{digits + 1}d}"
    sign = "-" if value < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def _digits(denominator: int) -> int | None:
    """How many decimals the fraction needs, None where no number of them is enough."""
    counts = []
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0:
            denominator //= prime
            count += 1
        counts.append(count)
    return max(counts) if denominator == 1 else None


def place_of(row: Mapping[str, Any]) -> str:
    """The landed row, `file, row n`, or `row n.m` for the m-th event of a pack, from 0."""
    within = f".{row['ordinal']}" if "ordinal" in row else ""
    return f"{row['file_name']}, row {row['file_row']}{within}"
