"""What a provider's answer says, page by page: every value as the text that was written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from meterbook.costs.external_provider import ExternalProvider
from meterbook.errors import InputRefused
from meterbook.ports import ExternalCosts
from meterbook.textfile import CsvShape, as_text, csv_records, places_of, without_bom

MOST_PAGES = 1000
Said = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what each row says of each field, the next page's address, the window's total."""

    rows: list[Said]
    next: str = ""
    total: str = ""


def pages_of(costs: ExternalCosts, provider: ExternalProvider, url: str) -> Iterator[Page]:
    """The pages in order. Errors: `InputRefused` where they go astray, in a circle, on and on."""
    seen: set[str] = set()
    while url:
        seen.add(url)
        page = _READERS[provider.format](provider, costs.page(provider.page(url)))
        yield page
        url = _next_url(provider, url, page.next) if page.next else ""
        if url in seen:
            raise untaken(provider, "it names a page that it has given before")
        if url and len(seen) == MOST_PAGES:
            raise untaken(provider, f"it has more than {MOST_PAGES} pages")


def _next_url(provider: ExternalProvider, url: str, told: str) -> str:
    """The address of the next page, which gets the same secret: so it is on the same host."""
    try:
        following = urldefrag(urljoin(url, told)).url  # no server is told what follows a #
        here, there = urlsplit(url), urlsplit(following)
    except ValueError:
        raise untaken(provider, f"its next page is at {told[:80]!r}, which is no address") from None
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise untaken(provider, f"its next page is on another host, {there.netloc[:80]!r}")
    return following


def untaken(provider: ExternalProvider, detail: str, remedy: str = "") -> InputRefused:
    """The refusal of an answer, to be raised."""
    said = f"The answer of {provider.id} cannot be taken: {detail}. {remedy}"
    return InputRefused(detail=said.rstrip())


def _json_page(provider: ExternalProvider, body: bytes) -> Page:
    """Numbers stay the text that they are."""
    try:
        answer = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise untaken(provider, "it is not JSON") from None
    rows = _at(answer, provider.rows)
    if not isinstance(rows, list):
        raise untaken(provider, f"there is no list of rows at {provider.rows or 'its top'!r}")
    paths = {field: term.column for field, term in provider.columns.items() if term.column}
    fixed = {field: term.value for field, term in provider.columns.items() if term.value}
    return Page(
        rows=[
            fixed | {field: _text(provider, row, path) for field, path in paths.items()}
            for row in rows
        ],
        next=_text(provider, answer, provider.next) if provider.next else "",
        total=_text(provider, answer, provider.total) if provider.total else "",
    )


def _at(value: object, path: str) -> object:
    """What stands at a dotted path, None where nothing does."""
    for key in path.split(".") if path else ():
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(provider: ExternalProvider, value: object, path: str) -> str:
    found = _at(value, path)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise untaken(provider, f"at {path!r} there is no text and no number")
    return found.encode("utf-8", "backslashreplace").decode()  # half a character stays visible


def _csv_page(provider: ExternalProvider, body: bytes) -> Page:
    path = Path(provider.id)  # what a refusal names
    lines = without_bom(as_text(line) for line in io.BytesIO(body))
    records = csv_records(lines, CsvShape(), path)
    header = getattr(next(records, None), "fields", None) or []
    fixed = {field: term.value for field, term in provider.columns.items() if term.value}
    columns = {field: term.column for field, term in provider.columns.items() if term.column}
    places = places_of(columns.values(), header, path)
    rows: list[Said] = []
    for record in records:
        if record.fields == []:
            continue
        if record.fields is None or len(record.fields) != len(header):
            raise untaken(provider, f"line {record.first_line} has not one field for each column")
        told = {field: record.fields[places[column]] for field, column in columns.items()}
        rows.append(fixed | told)
    return Page(rows)


_READERS = {"json": _json_page, "csv": _csv_page}
