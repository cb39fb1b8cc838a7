"""Every address × everybody who may come: who may gets what is theirs, and all others nothing of it.

The addresses are those of the apps' own tables, which are compared with what is documented, so a new
one is in here by itself; one with a value that is not known here says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from meterbook.pages import view as pages
from meterbook.serve import admin_app, tenant_app
from meterbook.serve.routes import Route
from serve.callers import Caller, callers
from serve.marked_world import SIGN_IN, SUBJECT, WRITER, MarkedWorld, csrf_of, has, told
from serve.published_world import Said, event_of, said_by

ROUTES = (*tenant_app.ROUTES, *admin_app.ROUTES)
DOCUMENTED = json.loads((Path(__file__).parents[2] / "web" / "openapi.json").read_text("utf-8"))

OPEN = {
    "/openapi.json": 200, "/static/<name>": 200, "/brand.css": 200, "/sign-in": 303,
    "/sign-in/callback": 409, "/sign-out": 200,
}  # fmt: skip
"""What needs no token, and what it says to everybody."""
LEADS_TO_A_FILE = re.compile(r".*/(pdf|xml|bundle|focus)")
OF_THE_PAYER = {"/v1/export/focus"}
"""What an address without any id of the owner's has for who pays alone."""
NOTHING_TO_DO = 409
"""All months of this book are closed and issued: what a write is told that is let in."""
VALUES = {
    "limit": "5", "days": "30", "format": "parquet", "name": next(iter(pages.static_files()))[8:],
    "to": "/invoices", "code": "c", "state": "s", "error": "e", "error_description": "d",
    "error_uri": "u", "iss": "i", "session_state": "s", "account_id": "acme", "point": "rejects",
    "reason": "a test", "idempotency_key": "0123456789abcdef" * 2, "started": "close_period",
    "kind": "invoice", "tenant": "acme",
}  # fmt: skip
PROBLEM = {"type", "title", "status", "detail", "code", "instance"}
FINANCES_WORDS = (b"acme", b"birch", b"cedar", b"Acme", b"Birch", b"Cedar", b"Nimbus")


@dataclass(frozen=True)
class Request:
    """One thing that can be asked of a route."""

    route: Route[Any]
    address: str
    body: bytes | None
    names_an_id: bool
    """Whether something is named in the path that only `acme` has."""
    has_cursor: bool

    def by(self, world: MarkedWorld, caller: Caller) -> Said:
        mark = "&" if "?" in self.address else "?"
        address = f"{self.address}{mark}{caller.query}" if caller.query else self.address
        headers = {"host": "meterbook.example", **caller.headers}
        if self.route.method == "POST":
            form = "application/x-www-form-urlencoded"
            kind = form if self.route.kind == "form" else "application/json"
            headers |= {"content-type": kind, "idempotency-key": "1"}
        event = event_of(self.route.method, address, headers, caller.cookies, self.body)
        return said_by(world.app(tenant=self.route.tenant), event)


def name_of(route: Route[Any]) -> str:
    return f"{route.method} {route.rule}"


def requests(route: Route[Any], world: MarkedWorld, of: str = "acme") -> Iterator[Request]:
    """The address with a month where it takes one, then with each other value that it takes."""
    values = {**VALUES, **world.licensees[of].values, "cursor": cursor_of(world, of)}
    path = re.sub(r"<(\w+)>", lambda found: values[found[1]], route.rule)
    months = {"period": values["period"]} if any(q.name == "period" for q in route.query) else {}
    body = {param.name: values[param.name] for param in route.body if param.name != "csrf"}
    raw = None
    if route.method == "POST":
        raw = (urlencode(body) if route.kind == "form" else json.dumps(body)).encode()
    is_acmes = world.licensees[of].mark in path
    for name in ("", *(q.name for q in route.query if q.name != "period")):
        given = months | ({name: values[name]} if name else {})
        if name == "day" and route.kind == "api":
            given.pop("period", None)
        address = f"{path}?{urlencode(given)}" if given else path
        yield Request(route, address, raw, is_acmes, name == "cursor")


def cursor_of(world: MarkedWorld, name: str) -> str:
    said = world.ask("/v1/usage/events?period=2026-10&limit=1", world.token_of(name))
    return str(said.json["next_cursor"] or "a.b")


def expected(request: Request, caller: Caller, name: str) -> int:
    """What this caller has to be told: first who is let in at all."""
    route = request.route
    is_posted_elsewhere = route.method == "POST" and "from another" in name
    if not route.scope:
        return 403 if is_posted_elsewhere else 400 if caller.query else OPEN[route.rule]
    if caller.outcome == "unknown":
        return 401 if route.kind == "api" else 303
    only_reads = route.scope == "admin:write" and "reads" in name
    if caller.outcome in ("not theirs", "no mark") or only_reads:
        return 403
    return _answered(request, caller)


def _answered(request: Request, caller: Caller) -> int:
    """Then what there is for who is let in."""
    rule, owns = request.route.rule, caller.licensee in ("acme", "")
    bad_cursor = request.has_cursor and not (rule == "/v1/usage/events" and owns)
    pays = caller.licensee != "acme-nz" or rule not in OF_THE_PAYER
    if caller.outcome == "empty" or (caller.outcome != "unknown word" and not pays):
        return 404
    if caller.outcome == "unknown word" or bad_cursor:  # a cursor is of one list and one licensee
        return 400
    if request.names_an_id and not owns:
        return 404
    if request.route.method == "POST":
        return NOTHING_TO_DO
    return 303 if LEADS_TO_A_FILE.fullmatch(rule) else 200


# ---- what is true of every answer ----------------------------------------------------------------


def faults(said: Said, route: Route[Any], caller: Caller, world: MarkedWorld) -> Iterator[str]:
    """What no answer may have, and what each has to have."""
    text, headers = told(said), said.headers
    policy = headers["content-security-policy"]
    if not policy.startswith("default-src 'none'") or "frame-ancestors 'none'" not in policy:
        yield f"policy: {policy}"
    if "unsafe" in policy and route.rule != "/logo":
        yield f"policy: {policy}"
    always = {
        "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }  # fmt: skip
    yield from (f"no {name}" for name, value in always.items() if headers.get(name) != value)
    if "max-age=63072000" not in headers.get("strict-transport-security", ""):
        yield "no HSTS"
    kept = headers.get("cache-control", "")
    if kept not in ("no-store", "private, no-cache") and (
        route.scope or not kept.startswith("public")
    ):
        yield f"kept: {kept}"
    if said.status >= 400:
        yield from _problem_faults(said, route)
    if said.status == 401 and not headers.get("www-authenticate", "").startswith("Bearer realm="):
        yield "no challenge"
    if said.status == 303 and not headers["location"].startswith(("/", SIGN_IN)):
        yield f"leads out: {headers['location']}"
    if b"Traceback" in text or b'File "' in text:
        yield "shows a trace"
    if said.headers.get("location", "").startswith("/sign-in?to="):
        text = b""  # the way in names the page that was asked for, as it was asked for
    for secret in caller.secrets:
        if any(part.encode() in text for part in secret.split(".") if len(part) > 20):
            yield "says the token"
    if said.status >= 400 and SUBJECT.encode() in text:
        yield "says a claim"
    yield from _foreign(said, route, caller, world, text)


def _problem_faults(said: Said, route: Route[Any]) -> Iterator[str]:
    kind = said.headers["content-type"]
    if route.kind != "api":
        if kind != "text/html; charset=utf-8" or b"<h1" not in said.body:
            yield f"no page: {kind}"
    elif kind != "application/problem+json" or set(said.json) != PROBLEM:
        yield f"no problem: {kind}"
    elif said.json["status"] != said.status or not said.json["detail"]:
        yield "a problem of another status"


def _foreign(
    said: Said, route: Route[Any], caller: Caller, world: MarkedWorld, text: bytes
) -> Iterator[str]:
    """What is somebody else's."""
    allowed = caller.licensee if said.status < 400 and caller.is_known and route.scope else ""
    for other in world.foreign_to(allowed):
        if has(text, other):
            yield f"has the mark of {other}"
    is_refused = said.status in (401, 403) or not caller.is_known
    if not route.tenant and (is_refused or (said.status >= 400 and route.method == "GET")):
        yield from (f"says {word!r}" for word in FINANCES_WORDS if word in text)


# ---- the matrix ----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_who_may_gets_what_is_theirs_and_all_others_nothing(
    marks: MarkedWorld, route: Route[Any]
) -> None:
    everybody, wrong = callers(marks, tenant=route.tenant, method=route.method), []
    for turn, request in enumerate(requests(route, marks)):
        for name, caller in everybody.items():
            if turn and not route.tenant and caller.outcome == "own" and "reads" not in name:
                continue  # one of those who may ask the book once more is enough
            before = len(marks.records.audit_keys)
            said = request.by(marks, caller)
            written = len(marks.records.audit_keys) - before
            where = f"{request.address} by {name}"
            if said.status != (status := expected(request, caller, name)):
                wrong.append(f"{where}: {said.status}, not {status}")
            if written != (route.is_recorded and caller.is_known and not route.tenant):
                wrong.append(f"{where}: written down {written} times")
            wrong += [f"{where}: {fault}" for fault in faults(said, route, caller, marks)]
            is_full = bool(route.tenant and route.scope) and said.status == 200 and name == "own"
            if is_full and not has(told(said), marks.licensees["acme"].mark):
                wrong.append(f"{where}: nothing of its own")
    assert not wrong, "\n".join(wrong)


def test_what_is_documented_is_what_can_be_asked() -> None:
    said = {
        (method.upper(), re.sub(r"{(\w+)}", r"<\1>", path))
        for path, item in DOCUMENTED["paths"].items() for method in item
    }  # fmt: skip
    assert said == {(route.method, route.rule) for route in ROUTES if route.kind == "api"}


@pytest.mark.parametrize("tenant", [True, False], ids=["licensees", "finance"])
def test_an_app_answers_at_no_other_address_than_its_table_has(
    marks: MarkedWorld, tenant: bool
) -> None:
    app = marks.app(tenant=tenant)
    entered = [*app._static_routes, *app._dynamic_routes]
    assert sorted((str(one.method), str(one.path)) for one in entered) == sorted(
        (route.method, route.rule) for route in ROUTES if route.tenant is tenant
    )


def test_nothing_but_the_few_open_addresses_is_without_a_scope() -> None:
    assert {route.rule for route in ROUTES if not route.scope} == set(OPEN)
    assert {route.scope for route in ROUTES if not route.tenant} == {"admin:read", "admin:write"}
    writes = {route.rule for route in ROUTES if route.scope == "admin:write"}
    assert writes == {route.rule for route in ROUTES if route.method == "POST"} - {"/sign-out"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "POST"])
def test_no_other_method_and_no_other_address_says_anything(
    marks: MarkedWorld, method: str
) -> None:
    token = marks.token_of("acme")
    for address in (
        "/v1/usage",
        "/",
        "/v1/invoices/x/pdf",
        "/v1/nowhere",
        "/v1",
        "/nowhere",
        "/../x",
    ):
        said = marks.ask(address, token, method=method)
        assert said.status in (404, 405), address
        caller = Caller("own", secrets=(token,))
        route = next(r for r in ROUTES if r.kind == ("api" if "/v1" in address else "page"))
        assert list(faults(said, route, caller, marks)) == [], address


# ---- what is somebody else's is as if it were nowhere --------------------------------------------


@pytest.mark.parametrize("asker", ["birch", "acme-nz", "cedar"])
@pytest.mark.parametrize("route", [r for r in ROUTES if r.tenant and r.scope], ids=name_of)
def test_anothers_id_gives_the_same_bytes_as_one_that_nobody_has(
    marks: MarkedWorld, route: Route[Any], asker: str
) -> None:
    own = marks.licensees[asker].values
    known = {name: marks.licensees["acme"].values[name] for name in IDS} | {"period": "2026-09"}
    nobodys = {name: _unlike(known[name], marks) for name in IDS} | UNKNOWN_TIMES
    places = [param.name for param in (*route.path, *route.query) if param.name in known]
    for name in places:
        if name == "period" and asker != "birch":
            continue  # only birch lacks a month that acme has
        theirs, none = (_address(route, own | {name: one[name]}, name) for one in (known, nobodys))
        for way in ({"token": marks.token_of(asker)}, {"cookie": marks.token_of(asker)}):
            one, other = marks.ask(theirs, **way), marks.ask(none, **way)
            assert one == other, (theirs, none)
            assert one.status in (404, 200 if name in ("metric", "module") else 404)


IDS = ("number", "metric", "module", "module_id", "ref")
UNKNOWN_TIMES = {"period": "2031-01"}


def _unlike(text: str, marks: MarkedWorld) -> str:
    return text.replace(marks.licensees["acme"].mark, "0123456789ab")


def _address(route: Route[Any], values: Mapping[str, str], name: str) -> str:
    path = re.sub(r"<(\w+)>", lambda found: values[found[1]], route.rule)
    asked = {"period": values["period"]} if any(q.name == "period" for q in route.query) else {}
    if name not in [param.name for param in route.path]:
        asked[name] = values[name]
    return f"{path}?{urlencode(asked)}" if asked else path


def test_anothers_day_gives_the_same_bytes_as_one_on_which_nothing_was(marks: MarkedWorld) -> None:
    """`cedar` used something on the 20th, `birch` did not; on the 21st nobody did."""
    metric = marks.licensees["birch"].values["metric"]
    token = marks.token_of("birch")
    for place in ("/v1/usage/events?day={}", f"/metrics/{metric}/{{}}", f"/events/{{}}/{'0' * 24}"):
        said = [marks.ask(place.format(f"2026-10-{day}"), token) for day in (20, 21)]
        one, other = ((it.status, re.sub(rb"\b2[01]\b", b"", it.body)) for it in said)
        assert one == other, place


def test_anothers_cursor_gives_the_same_bytes_as_a_forged_one(marks: MarkedWorld) -> None:
    token, cursor = marks.token_of("cedar"), cursor_of(marks, "acme")
    said = [
        marks.ask(f"/v1/usage/events?period=2026-10&limit=1&cursor={one}", token)
        for one in (cursor, cursor[:-4] + "AAAA")
    ]
    assert said[0] == said[1] and said[0].status == 400


def test_anothers_tag_does_not_stand_for_ones_own_answer(marks: MarkedWorld) -> None:
    for address in ("/v1/usage", "/v1/plans", "/", "/invoices", "/logo"):
        tag = marks.ask(address, marks.token_of("acme")).headers["etag"]
        again = marks.ask(address, marks.token_of("acme"), if_none_match=tag)
        said = marks.ask(address, marks.token_of("cedar"), if_none_match=tag)
        assert (again.status, said.status) == (304, 200)
        assert has(told(said), marks.licensees["cedar"].mark)


def test_of_two_cookies_one_counts_whole(marks: MarkedWorld) -> None:
    tokens = [marks.token_of(name) for name in ("acme", "cedar")]
    event = event_of("GET", "/", {}, [f"__Host-meterbook={token}" for token in tokens])
    text = told(said_by(marks.tenant, event))
    assert [has(text, marks.licensees[name].mark) for name in ("acme", "cedar")].count(True) == 1


# ---- what is written down ------------------------------------------------------------------------


def test_every_record_has_its_actor_and_no_secret(marks: MarkedWorld) -> None:
    token = marks.issuer.token(WRITER, sub="grace@example")
    before, wanted = set(marks.records.audit_keys), []
    for route in (route for route in ROUTES if not route.tenant):
        (request, *_) = requests(route, marks)
        bearer = Caller("own", {"authorization": f"Bearer {token}"})
        mark = {"x-csrf-token": csrf_of(token)}
        session = Caller("own", mark, (f"__Host-meterbook={token}",))
        for caller in (bearer, session):
            wanted.append((route.method, route.rule, request.by(marks, caller).status))
    found = [
        json.loads(marks.records.held[key]) for key in marks.records.audit_keys if key not in before
    ]
    assert sorted((one["method"], one["route"], one["status"]) for one in found) == sorted(wanted)
    assert {(one["actor"], one["tenant_id"]) for one in found} == {("grace@example", "")}
    kept = b"".join(marks.records.held.values())
    for secret in (token, token.split(".")[1], token.split(".")[2], csrf_of(token)):
        assert secret.encode() not in kept
    assert marks.jobs.started == []
