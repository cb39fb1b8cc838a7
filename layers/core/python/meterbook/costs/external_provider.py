"""A provider of the catalog that charges by an API: where its costs are asked, and how they read.

The form with examples is in `docs/catalog.md`; the catalog has judged the document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterbook.book import Book
from meterbook.costs.window import Days
from meterbook.mappingfile import Term
from meterbook.ports import CostPage


@dataclass(frozen=True, slots=True)
class ExternalProvider:
    """What its document says: `rows`, `next` and `total` are dotted paths, empty where absent."""

    id: str
    url: str
    format: str
    rows: str
    next: str
    total: str
    header: str
    secret: str
    columns: Mapping[str, Term]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ExternalProvider:
        """Read the document as the catalog has it."""
        names = ("id", "url", "format", "rows", "next", "total", "header", "secret")
        columns = {one["field"]: Term(one["column"], one["value"]) for one in document["columns"]}
        return cls(**{name: document[name] for name in names}, columns=columns)

    @property
    def family(self) -> str:
        """What restates as one."""
        return f"{self.id}:external"

    def page(self, url: str) -> CostPage:
        """The request for one page."""
        return CostPage(self.id, url, self.header, self.secret)

    def first_url(self, days: Days) -> str:
        """The address that tells of these days."""
        filled = {"start": days.start, "end": days.end, "last": days.last}
        url = self.url
        for name, day in filled.items():
            url = url.replace(f"{{{name}}}", day.isoformat())
        return url


def providers_of(book: Book, window: Days) -> list[tuple[ExternalProvider, Days]]:
    """The providers that are in force in the window, each with its days in it."""
    rows: list[Any] = book.query("external_providers", first_day=window.start, end_day=window.end)
    return [
        (
            ExternalProvider.of(json.loads(str(row["document"]))),
            Days(max(window.start, row["starts_on"]), min(window.end, row["ends_on"])),
        )
        for row in rows
    ]
