"""A desk of finance over a small world, and browsers and programs that ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from close.small_world import World
from meterbook.book import Book
from meterbook.canonical import canonical_json
from meterbook.serve.admin_app import AdminDesk, admin_app
from meterbook.serve.csrf import csrf_token
from meterbook.serve.identity import Verifier
from meterbook_local.clock import FixedClock
from meterbook_local.folder import FolderStore
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer

READER, WRITER = "admin:read", "admin:read admin:write"
SECRET = b"a key of 32 bytes, for tests only"


@dataclass
class JobsTold:
    """A `JobStarter` that keeps what it was told, and whether the book was free then."""

    is_free: Any
    started: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def start(self, job: str, payload: Mapping[str, object]) -> None:
        assert self.is_free(), "a job would wait for the book that its own request holds"
        self.started.append((job, dict(payload)))


@dataclass
class Finance:
    """Finance's app over a book at a moment."""

    book: Book
    folder: Path
    now: datetime
    is_open: bool = False

    def __post_init__(self) -> None:
        clock, self._tokens = FixedClock(self.now), dict[str, str]()
        self.issuer = LocalIssuer(self.folder / "issuer.key", clock)
        self.jobs = JobsTold(lambda: not self.is_open)
        self.records = FolderStore(self.folder / "records")
        verifier = Verifier(ISSUER, AUDIENCE, self.issuer, clock)
        desk = AdminDesk(self._opened, self.jobs, verifier, clock, SECRET, self.records)
        self.app = admin_app(desk)

    @contextmanager
    def _opened(self) -> Iterator[Book]:
        assert not self.is_open
        self.is_open = True
        try:
            yield self.book
        finally:
            self.is_open = False

    def token(self, scope: str, **claims: str) -> str:
        """A session of Paula's: the same each time it is asked for."""
        name = canonical_json([scope, claims])
        if name not in self._tokens:
            self._tokens[name] = self.issuer.token("paula", {"scope": scope, **claims})
        return self._tokens[name]

    def ask(
        self, path: str, scope: str = READER, method: str = "GET", body: object = None, **more: Any
    ) -> Said:
        """Ask as a program does: with a token in the header; `body` goes out as JSON."""
        headers = {"authorization": f"Bearer {more.pop('token', None) or self.token(scope)}"}
        if body is not None:
            headers |= {"content-type": "application/json", "idempotency-key": more.pop("key", "1")}
        text = json.dumps(body) if body is not None else ""
        return self._send(method, path, {**headers, **more.pop("headers", {})}, text)

    def look(self, path: str, scope: str = READER, **headers: str) -> Said:
        """Ask as a browser does: with a token in a cookie."""
        return self._send("GET", path, headers, cookie=self.token(scope))

    def send(self, path: str, form: Mapping[str, str], scope: str = WRITER) -> Said:
        """Send a form from a page of ours."""
        token = self.token(scope)
        fields = {"csrf": csrf_token(SECRET, token), **form}
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
        }
        return self._send("POST", path, headers, urlencode(fields), token)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: str = "", cookie: str = ""
    ) -> Said:
        place, _, query = path.partition("?")
        http = {"method": method, "path": place, "sourceIp": "192.0.2.1"}
        event: dict[str, Any] = {
            "version": "2.0", "rawPath": place, "rawQueryString": query, "headers": dict(headers),
            "requestContext": {"http": http, "requestId": "request-1", "stage": "$default"},
            "body": body, "isBase64Encoded": False,
        }  # fmt: skip
        if cookie:
            event["cookies"] = [f"__Host-meterbook={cookie}"]
        answer = self.app.resolve(event, None)
        assert not self.is_open, "the book was left open"
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return Said(answer["statusCode"], headers, answer.get("body") or "")

    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(self.records.get(key)) for key in self.records.keys("audit/")]


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: str

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body, parse_float=_no_float)
        return found


def _no_float(text: str) -> None:
    raise AssertionError(f"{text} came as a float")


class Form(HTMLParser):
    """The forms of a page: where each is sent to, with its hidden fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append((given["action"], {}))
        if tag == "input" and given.get("type") == "hidden":
            self.forms[-1][1][given["name"]] = given["value"]

    def to(self, action: str, **fields: str) -> dict[str, str]:
        """The hidden fields of the form that is sent there and has these fields."""
        (found,) = [
            given for place, given in self.forms
            if place == action and fields.items() <= given.items()
        ]  # fmt: skip
        return found


def over(world: World, now: datetime = datetime(2026, 11, 5, 8, tzinfo=UTC)) -> Finance:
    """Finance over a world at a moment."""
    return Finance(world.at(now), world.root, now)
