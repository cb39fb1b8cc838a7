"""The dice of the demo month, and how it writes figures and files: same seed, same bytes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path


class Dice:
    """Knuth's 64-bit congruential generator: the same throws on every Python, for ever."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """A whole number in `[0, bound)`."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % bound

    def between(self, least: int, most: int) -> int:
        """A whole number in `[least, most]`."""
        return least + self.below(most - least + 1)

    def one_in(self, chances: int) -> bool:
        """Whether the one of so many has come up."""
        return self.below(chances) == 0


def fixed(whole: int, decimals: int) -> str:
    """A whole number of the smallest unit, written with its decimals."""
    if decimals == 0:
        return str(whole)
    sign = "-" if whole < 0 else ""
    before, after = divmod(abs(whole), 10**decimals)
    return f"{sign}{before}.{after:0{decimals}d}"


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows below their header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def zipped(path: Path, text: str) -> Path:
    """Write a gzipped file that says nothing of when it was written."""
    path.write_bytes(gzip.compress(text.encode(), compresslevel=6, mtime=0))
    return path
