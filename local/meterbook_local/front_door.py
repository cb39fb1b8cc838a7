"""The front door of one machine: what answers a browser that asks a workspace, on loopback only.

The apps behind it are the ones that run as functions. What stands in front of them in a cloud (the
gateway, the hosted sign-in, the store of files) is here: no other machine can ask, a page of
another site cannot either, and whoever can open the workspace may look at all that is in it.
"""

from __future__ import annotations

import ipaddress
import logging
import mimetypes
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

from meterbook.errors import MeterbookError, NotLoopback
from meterbook.ports import Clock
from waitress.server import create_server

from meterbook_local.gateway import (
    Environ,
    Resolve,
    body_of,
    event_of,
    status_and_headers,
)
from meterbook_local.local_issuer import LASTS, LocalIssuer

COOKIE = "meterbook"
_LARGEST_BODY = 2 * 1024 * 1024  # the apps refuse from 1 MiB on, in their own words
_FINANCE = re.compile(
    r"/finance(/.*)?|/v1/(allocation|tenants|unit-economics|unattributed|periods/.+)"
)
_FILES = re.compile(r"/files/(.+)")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
Answer = Mapping[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody to look as: who it is, what the token says, and where they begin."""

    id: str
    name: str
    subject: str
    claims: Mapping[str, str]
    start: str


class Files(Protocol):
    """What short-lived links open."""

    def opened(self, token: str) -> tuple[bytes, str]:
        """The file and its name. Errors: `KeyError` for a link that is not, or no longer, good."""
        ...


@dataclass(frozen=True)
class FrontDoor:
    """A WSGI application over the apps of a workspace."""

    tenant: Resolve
    finance: Resolve
    issuer: LocalIssuer
    files: Files
    visitors: Callable[[], Sequence[Visitor]]
    sign_in_page: Callable[[Sequence[Visitor]], str]
    clock: Clock
    log: Callable[[str], None]
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, and write a line about it."""
        began = perf_counter()
        answer = self._answer(environ)
        status, headers = status_and_headers(answer)
        body = body_of(answer)
        self.log(_line(environ, status, len(body), perf_counter() - began))
        has_body = answer["statusCode"] not in (204, 304)
        if has_body:
            headers.append(("content-length", str(len(body))))
        start_response(status, headers)
        return [body] if has_body and environ["REQUEST_METHOD"] != "HEAD" else []

    def _answer(self, environ: Environ) -> Answer:
        if not is_ours(environ.get("HTTP_HOST", "")):
            return _text(421, "This address is not of this machine.")
        event = event_of(environ, f"local-{next(self._numbers):06d}", self.clock)
        path, method = event["rawPath"], environ["REQUEST_METHOD"]
        try:
            if path == "/sign-in":
                return self._signed_in(event) if method == "POST" else self._sign_in()
            if link := _FILES.fullmatch(path):
                return self._file(link[1])
            return (self.finance if _FINANCE.fullmatch(path) else self.tenant)(event)
        except MeterbookError as error:
            return _text(503 if error.retryable else 500, str(error))

    def _sign_in(self) -> Answer:
        page = self.sign_in_page(self.visitors())
        return _answer(200, page, {"content-type": "text/html; charset=utf-8"})

    def _signed_in(self, event: Mapping[str, Any]) -> Answer:
        """Give the visitor a cookie, where the choice was made on our own page."""
        headers = event["headers"]
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or (
            headers.get("origin", f"http://{headers['host']}") != f"http://{headers['host']}"
        ):
            return _text(403, "This did not come from a page of ours.")
        chosen = parse_qs(body_of(event).decode("utf-8", "replace")).get("visitor", [""])[0]
        for visitor in self.visitors():
            if visitor.id == chosen:
                token = self.issuer.token(visitor.subject, visitor.claims)
                return {**_text(303, "", {"location": visitor.start}), "cookies": [_cookie(token)]}
        return _text(400, "There is nobody of that name here.")

    def _file(self, token: str) -> Answer:
        try:
            body, name = self.files.opened(token)
        except KeyError:
            return _text(404, "This link is not, or no longer, good: follow it from its page.")
        headers = {
            "content-type": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "content-disposition": f'attachment; filename="{name}"',
        }
        return _answer(200, body, headers)


def listening(door: Application, host: str, port: int) -> Any:  # noqa: ANN401 - the library has no types
    """A server that listens; `run()` answers until Ctrl-C. Errors: `NotLoopback`, `OSError`."""
    if not is_loopback(host):
        raise NotLoopback(host=host)
    # That somebody waits for a moment is nothing that a person has to be told.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return create_server(
        door, host=host, port=port, threads=8, ident=None, max_request_body_size=_LARGEST_BODY
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_ours(host_header: str) -> bool:
    """Whether the browser asked for this machine: a name that somebody else resolves is not it."""
    found = re.fullmatch(r"(\[[0-9a-f:]+\]|[^:]+)(:\d{1,5})?", host_header.lower())
    return found is not None and is_loopback(found[1].strip("[]"))


def _cookie(token: str) -> str:
    age = int(LASTS.total_seconds())
    return f"{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"


def _text(status: int, words: str, more: Mapping[str, str] | None = None) -> Answer:
    return _answer(status, words, {"content-type": "text/plain; charset=utf-8", **(more or {})})


def _answer(status: int, body: str | bytes, headers: Mapping[str, str]) -> Answer:
    always = {
        "content-security-policy": _POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
    return {"statusCode": status, "headers": {**always, **headers}, "body": body}


def _line(environ: Environ, status: str, size: int, seconds: float) -> str:
    """What the log says: no query, no token of a link, no header, and nothing but one line."""
    path = re.sub(r"^/files/.*", "/files/…", quote(environ["PATH_INFO"], "/:", "latin-1"))
    took = f"{seconds * 1000:.0f} ms"
    asked = f"{environ.get('REMOTE_ADDR', '')} {environ['REQUEST_METHOD']} {path}"
    return f"{asked} {status[:3]} {size} B {took}"
