"""A request as the routes see it, and what they answer; what is too large stays outside."""

from __future__ import annotations

import binascii
import gzip
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from meterbook.canonical import canonical_json
from meterbook.serve.headers import PRIVATE, etag_of
from meterbook.serve.identity import Identity
from meterbook.serve.problems import Problem

LARGEST_BODY = 1024 * 1024
_SMALL = 1024
LONGEST_ADDRESS = 2048
LONGEST_QUERY = 4096
NOBODY = Identity("", "", frozenset())


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what it says, and, once the front has let it in, who says it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    cookies: Mapping[str, str]
    body: bytes
    request_id: str
    identity: Identity = NOBODY
    session: str = field(default="", repr=False)
    """The token that the request carried."""
    csrf: str = field(default="", repr=False)
    """What a form on the page that is answered has to carry."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What was asked for in path, query and body: only what the route knows, in its form."""

    def get(self, name: str) -> str:
        """A value, or the empty text."""
        return self.values.get(name, "")

    @property
    def is_german(self) -> bool:
        """Whether the reader's browser asks for German first."""
        return self.headers.get("accept-language", "").lower().startswith("de")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to keep for so many seconds; none: to be forgotten."""

    name: str
    value: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route says."""

    status: int
    body: str | bytes = ""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()
    etag: str = ""
    packed: bytes = b""
    """The body in gzip, for who takes it; empty where that is not worth it."""

    def kept(self) -> Answer:
        """The same with all that is worked out of its body, to be given more than once."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        is_worth_it = isinstance(self.body, str) and len(body) > _SMALL
        packed = gzip.compress(body, mtime=0) if is_worth_it else b""
        return replace(self, etag=etag_of(self.body), packed=packed)


def json_answer(document: Mapping[str, Any], status: int = 200) -> Answer:
    """A document of decimals as text, with its keys in order."""
    return Answer(status, canonical_json(document), headers={"cache-control": PRIVATE})


def page_answer(html: str, status: int = 200) -> Answer:
    """A page of HTML."""
    return Answer(status, html, "text/html; charset=utf-8", {"cache-control": PRIVATE})


def csv_answer(text: str, filename: str) -> Answer:
    """A table to be saved under a name."""
    saved = {"content-disposition": f'attachment; filename="{filename}"', "cache-control": PRIVATE}
    return Answer(200, text, "text/csv; charset=utf-8", saved)


def see_other(address: str, cookies: tuple[Cookie, ...] = ()) -> Answer:
    """The way to another address, to be read there."""
    return Answer(303, "", "text/plain; charset=utf-8", {"location": address}, cookies)


def read_event(event: Mapping[str, Any]) -> Asked:
    """Read an event of an HTTP API (payload 2.0). Errors: `Problem` 400, 413, 414."""
    http = event["requestContext"]["http"]
    path, query = event["rawPath"], event.get("rawQueryString", "")
    if len(path) > LONGEST_ADDRESS or len(query) > LONGEST_QUERY:
        raise Problem(414, "ADDRESS_TOO_LONG", "The address is longer than any that is ours.")
    pairs = (cookie.partition("=") for cookie in event.get("cookies", []))
    return Asked(
        http["method"].upper(),
        path,
        query,
        {name.lower(): value for name, value in event.get("headers", {}).items()},
        # Blanks and nothing else: what browsers take for a letter must not make a name into ours.
        {name.strip(" "): value for name, _, value in pairs},
        _body(event),
        request_id(event),
    )


def request_id(event: Mapping[str, Any]) -> str:
    """What the gateway calls the request, in its log and in the reader's problem."""
    return str(event["requestContext"].get("requestId", ""))


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    try:
        body = b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise Problem(400, "BAD_REQUEST", "The body cannot be read.") from None
    if len(body) > LARGEST_BODY:
        raise Problem(413, "BODY_TOO_LARGE", "The body is larger than 1 MiB.")
    return body
