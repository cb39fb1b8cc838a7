"""Whoever follows every link from where they begin finds their own, all of it there, and no other's.

A walk goes over the pages, the files behind the short-lived links, and the addresses that the JSON
answers name; it ends when there is nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from meterbook.serve import admin_app, tenant_app
from meterbook_local.views import FILES
from serve.marked_world import READER, SIGN_IN, MarkedWorld, has, told
from serve.published_world import Said

LICENSEES = ("acme", "acme-nz", "birch", "cedar")
Links = Callable[[str, Said], Iterator[str]]


class _Addresses(HTMLParser):
    """Where a page leads to, and what it loads; a form that is posted is not a link."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.forms: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.found += [given[name] for name in ("href", "src", "hx-get") if name in given]
        if tag == "form":
            to = self.forms if given.get("method") == "post" else self.found
            to.append(given["action"])


def of_page(address: str, said: Said) -> Iterator[str]:
    """The addresses on a page, each in full."""
    if said.headers["content-type"].startswith("text/html"):
        for found in _Addresses(said.text).found:
            yield urljoin(address, found).partition("#")[0]


def of_few_months(address: str, said: Said) -> Iterator[str]:
    """The same without the months in which nothing is but fees: they take long, and are alike."""
    return (found for found in of_page(address, said) if not re.search("2026-0[1-9]", found))


def of_json(address: str, said: Said) -> Iterator[str]:
    """The addresses in an answer, each list's next page, and each document of a list."""
    if (
        not said.headers["content-type"].startswith("application/json")
        or address == "/openapi.json"
    ):
        return
    for text in _texts(said.json):
        if text.startswith("/v1/"):
            yield text
    if cursor := said.json.get("next_cursor"):
        place = urlsplit(address)
        query = dict(parse_qsl(place.query)) | {"cursor": cursor}
        yield f"{place.path}?{urlencode(query)}"
    for entry in said.json.get("invoices", []):
        yield f"/v1/invoices/{entry['number']}"


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


def walk(begin: list[str], ask: Callable[[str], Said], links: Links) -> Mapping[str, Said]:
    """Everything that can be reached, by its address."""
    seen: dict[str, Said] = {}
    waiting = list(begin)
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        assert len(seen) < 2000, "the links do not end"
        assert address.startswith("/"), f"{address} leads out"
        seen[address] = said = ask(address)
        waiting += links(address, said)
        if (to := said.headers.get("location", "")) and not to.startswith((FILES, SIGN_IN)):
            waiting.append(to)
    return seen


def looked_at(marks: MarkedWorld, name: str) -> Mapping[str, Said]:
    """The pages as this licensee's browser sees them."""
    token = marks.token_of(name)
    return walk(["/"], lambda address: marks.ask(address, cookie=token), of_page)


def asked_for(marks: MarkedWorld, name: str) -> Mapping[str, Said]:
    """The API as this licensee's programs see it."""
    token = marks.token_of(name)
    begin = [
        f"{route.rule}{'?limit=2' if any(q.name == 'limit' for q in route.query) else ''}"
        for route in tenant_app.ROUTES
        if route.kind == "api" and not route.path
    ] + ["/v1/usage/events?limit=2&period=2026-10", "/v1/estimate?period=2026-10"]
    return walk(begin, lambda address: marks.ask(address, token), of_json)


def files_of(marks: MarkedWorld, seen: Mapping[str, Said]) -> Iterator[bytes]:
    """What lies behind the short-lived links that were given out."""
    for said in seen.values():
        if (to := said.headers.get("location", "")).startswith(FILES):
            body, filename = marks.files.opened(to.removeprefix(FILES))
            yield filename.encode() + body


@pytest.mark.parametrize("name", LICENSEES)
@pytest.mark.parametrize("way", [looked_at, asked_for], ids=["pages", "API"])
def test_a_walk_as_one_licensee_finds_its_own_marks_and_no_others(
    marks: MarkedWorld, way: Callable[[MarkedWorld, str], Mapping[str, Said]], name: str
) -> None:
    seen = way(marks, name)
    files = list(files_of(marks, seen))
    is_api, pays = way is asked_for, name != "acme-nz"
    no_focus = {"/v1/export/focus"} if is_api and not pays else set()
    assert {a for a, said in seen.items() if said.status not in (200, 303)} == no_focus
    texts = {address: told(said) for address, said in seen.items()} | dict(enumerate(files))
    found = {
        (address, other) for address, text in texts.items() for other in marks.foreign_to(name)
        if has(text, other)
    }  # fmt: skip
    assert found == set()
    mark = marks.licensees[name].mark
    bare = {a for a, text in texts.items() if not has(text, mark)} - {"/brand.css", "/openapi.json"}
    assert {a for a in bare if not str(a).startswith("/static/")} <= no_focus
    assert bool(files) is pays


@pytest.mark.parametrize("name", LICENSEES)
def test_a_walk_over_the_pages_comes_to_every_page_and_every_event(
    marks: MarkedWorld, name: str
) -> None:
    seen = looked_at(marks, name)
    reached = {
        route.rule for route in tenant_app.ROUTES if route.kind == "page" and route.scope
        and any(route.is_at(urlsplit(address).path) for address in seen)
    }  # fmt: skip
    of_who_pays = {f"/invoices/<number>{kind}" for kind in ("", "/pdf", "/xml", "/bundle")}
    wanted = {route.rule for route in tenant_app.ROUTES if route.kind == "page" and route.scope}
    assert reached == wanted - (of_who_pays if name == "acme-nz" else set())
    refs = {address.rpartition("/")[2] for address in seen if address.startswith("/events/")}
    assert set(in_time(marks, name)) <= refs


def in_time(marks: MarkedWorld, name: str) -> Iterator[str]:
    """The events of the closed months; what came after the close is in no figure of a page."""
    for period in ("2026-10", "2026-11"):
        said = marks.ask(f"/v1/usage/events?period={period}", marks.token_of(name))
        for event in said.json["events"]:
            if event["received"] < "2026-11-20":
                yield event["ref"]


def test_a_mark_is_found_however_it_is_written(marks: MarkedWorld) -> None:
    said = marks.ask("/v1/usage/events?period=2026-10&limit=1", marks.token_of("acme"))
    mark = marks.licensees["acme"].mark
    assert has(said.json["next_cursor"].encode(), mark)  # in Base64
    link = marks.ask("/v1/export/focus", marks.token_of("acme")).headers["location"]
    assert mark not in link and has(link.encode(), mark)


def test_finances_pages_lead_nowhere_else_and_open_to_no_licensee(marks: MarkedWorld) -> None:
    token = marks.issuer.token(READER)
    seen: dict[str, Said] = {}

    def ask(address: str) -> Said:
        tenant = not address.startswith("/finance")  # what pages load is the other app's
        return marks.ask(address, cookie=token, tenant=tenant)

    seen.update(walk(["/finance"], ask, of_few_months))
    assert {address for address, said in seen.items() if said.status != 200} == set()
    rules = {route.rule for route in admin_app.ROUTES if route.kind == "page"}
    own = [address for address in seen if address.startswith("/finance")]
    pages = [route for route in admin_app.ROUTES if route.kind == "page"]
    assert rules == {r.rule for r in pages if any(r.is_at(urlsplit(a).path) for a in own)}
    for address in own:
        licensee = marks.ask(address, cookie=marks.token_of("acme"), tenant=False)
        nobody = marks.ask(address, tenant=False)
        assert (licensee.status, nobody.status) == (403, 303)
        assert nobody.headers["location"].startswith("/sign-in")
        posts = [form for form in _Addresses(seen[address].text).forms if form != "/sign-out"]
        assert posts == []  # who only reads has nothing to send
