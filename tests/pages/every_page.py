"""Every page of a licensee, by a name, and what a reader of HTML finds on one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from meterbook.pages.view import (
    event_page,
    events_page,
    invoice_page,
    invoices_page,
    metric_page,
    module_page,
    overview,
    problem_page,
)
from pages import example_documents as example

Change = Callable[[Any], Any]
VOID = {"meta", "link", "img", "input", "br"}


def every_page(
    change: Change = lambda found: found, language: str = "en"
) -> Iterator[tuple[str, str]]:
    """All pages of the example documents, each document changed beforehand."""

    def view(*months: tuple[str, str]) -> Any:
        shown = [change(example.month(*of)) for of in months]
        return example.view(shown, index=change(example.index()), language=language)

    now = view(("2026-12", "open"), ("2026-11", "closed"))
    day = change(example.events())
    of_module = [event for event in day["events"] if event["module_id"] == "MOD-011"]
    yield "overview", overview(now)
    yield "overview of a closed month", overview(view(("2026-11", "closed")))
    yield "overview of an issued month", overview(view(("2026-10", "issued")))
    yield "nothing yet", overview(view())
    yield "module", module_page(now, "MOD-024")
    yield "what is of no module", module_page(now, "-")
    yield "metric", metric_page(now, "calls", None)
    yield "metric of a module", metric_page(now, "calls", "MOD-011")
    yield "metric that does not add up", metric_page(now, "heads", None)
    yield "events", events_page(now, "calls", day, day["events"], "", {})
    yield "events of a module", events_page(now, "calls", day, of_module, "", {"module": "MOD-011"})
    yield "a part of the events", events_page(now, "calls", day, of_module, "more", {})
    yield (
        "late events",
        events_page(
            view(("2026-12", "issued")),
            "calls",
            _received_late(day),
            _received_late(day)["events"],
            "",
            {},
        ),
    )
    yield "event", event_page(now, change(example.explained()))
    yield "invoices", invoices_page(now, change(example.invoices()))
    yield (
        "invoice",
        invoice_page(
            view(("2026-10", "issued")), change(example.invoice_entry()), change(example.invoice())
        ),
    )
    yield "problem", problem_page(404, "Not found", "There is no such page.", language)


def _received_late(day: dict[str, Any]) -> dict[str, Any]:
    """The day with one more event, which came after the close."""
    one = day["events"][0] | {"received": "2027-01-09T00:00:00Z", "ref": "f" * 24}
    return day | {"events": [*day["events"], one]}


@dataclass
class Reader(HTMLParser):
    """The elements of a page in their order, and the text between them."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def sums_of(page: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Each sum that a page shows: what it says, and what its parts come to."""
    said: dict[str, Decimal] = {}
    parts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, marks in read(page).tags:
        figure = Decimal(marks.get("data-amount", marks.get("data-quantity", "0")))
        if "data-sum" in marks:
            assert marks["data-sum"] not in said, f"{marks['data-sum']} is said twice"
            said[marks["data-sum"]] = figure
        if "data-part-of" in marks:
            parts[marks["data-part-of"]] += figure
    assert parts.keys() <= said.keys()
    return {name: (said[name], parts[name]) for name in parts}


def names_twice(page: str) -> set[str]:
    found = Counter(marks["id"] for _, marks in read(page).tags if "id" in marks)
    return {name for name, times in found.items() if times > 1}
