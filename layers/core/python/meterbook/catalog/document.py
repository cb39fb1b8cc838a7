"""A catalog document in the one form in which it is compared, landed and read by SQL."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from meterbook.errors import CatalogRefused

FIRST_DAY = "1900-01-01"
LAST_DAY = "9999-12-31"
ALWAYS = {"starts_on": FIRST_DAY, "ends_on": LAST_DAY}

_NOT_FOLDED = str.maketrans("", "", " -_.")

# A part of a document's body; its values are texts, booleans, and lists and mappings of them.
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One commercial fact: kind, record id, normal form, and where a person wrote it.

    Two documents are equal when they say the same, wherever they were written.
    """

    kind: str
    id: str
    body: Fields
    file: str = field(default="the defaults of Meterbook", compare=False)
    line: int | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What the latest revision is looked up by."""
        return self.kind, self.id

    @property
    def title(self) -> str:
        """The document in a sentence: `plan growth version 3`, `tenant acme`."""
        version = f" version {self.body['version']}" if "version" in self.body else ""
        return f"{self.kind} {self.body['id']}{version}"

    @property
    def place(self) -> str:
        """Where it was written: file and line, or what stands in for a file."""
        return self.file if self.line is None else f"{self.file}, line {self.line}"

    def refusal(self, detail: str, remedy: str = "") -> CatalogRefused:
        """Build the error that names this document's file and line, for the caller to raise."""
        return CatalogRefused(file=self.file, row=self.line, detail=detail, remedy=remedy)


def folded_name(text: str) -> str:
    """A text as an alias that folds compares it: without case, spaces, '-', '_' and '.'."""
    return text.translate(_NOT_FOLDED).lower()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, or nothing when none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"Did you mean {near[0]!r}?" if near else ""


def filled(entries: Iterable[Fields], apart: str = "") -> list[Fields]:
    """Give every entry without an end the start of the next; sort them.

    Entries with different values of `apart` follow each other on timelines of their own. Two that
    start on one day get the same end, so that the overlap stays visible.
    """
    entries = list(entries)
    starts: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        starts[entry.get(apart, "")].add(entry["starts_on"])
    later = {line: [*sorted(days), LAST_DAY] for line, days in starts.items()}

    def end(entry: Fields) -> str:
        days = later[entry.get(apart, "")]
        return days[bisect_right(days, entry["starts_on"], hi=len(days) - 1)]

    whole = [entry | {"ends_on": entry["ends_on"] or end(entry)} for entry in entries]
    return sorted(whole, key=lambda entry: (entry.get(apart, ""), entry["starts_on"]))


def clipped(entry: Fields, starts_on: str, ends_on: str) -> Fields:
    """Cut an entry to the days of the document that it stands in; it may become empty."""
    return entry | {
        "starts_on": max(entry["starts_on"], starts_on),
        "ends_on": min(entry["ends_on"], ends_on),
    }


def ended(document: Document, ends_on: str) -> Document:
    """The document as its tombstone carries it: over on a day, with every entry inside it.

    One that is over before keeps its end; one that has not begun becomes empty at its start.
    """
    starts_on = document.body["starts_on"]
    end = min(document.body["ends_on"], max(ends_on, starts_on))
    body = {name: _within(value, starts_on, end) for name, value in document.body.items()}
    return replace(document, body=body | {"ends_on": end})


def _within(value: Any, starts_on: str, ends_on: str) -> Any:  # noqa: ANN401 - any field's value
    if not isinstance(value, list) or not all(
        isinstance(entry, dict) and "ends_on" in entry for entry in value
    ):
        return value
    cut = [clipped(entry, starts_on, ends_on) for entry in value]
    return [entry for entry in cut if entry["starts_on"] < entry["ends_on"]]
