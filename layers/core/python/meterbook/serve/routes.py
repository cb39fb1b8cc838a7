"""The table of what can be asked: one entry says what is let in and what the documentation says.

The front checks each request against its entry by hand, and `openapi` writes the same entries down:
the two cannot disagree, and no schema library has to be loaded where requests are answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack
from urllib.parse import parse_qsl, unquote

from meterbook.serve.asked import Answer, Asked
from meterbook.serve.csrf import FIELD
from meterbook.serve.cursors import LONGEST as LONGEST_CURSOR
from meterbook.serve.problems import Problem, bad_request

D = TypeVar("D")
Run = Callable[[D, Asked], Answer]
Entering = Callable[[Run[D]], Run[D]]
Kind = Literal["api", "page", "form"]
PLAIN_TEXT = r"^[^\u0000-\u001f\u007f]+$"
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
MOST_ROWS = 1000
_HALF_A_LETTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Param:
    """One value of a query, a path or a body, and what it has to look like."""

    name: str
    text: str
    pattern: str = PLAIN_TEXT
    required: bool = False
    default: str = ""
    longest: int = 128
    one_of: tuple[str, ...] = ()
    at_most: int = 0
    """Above 0: a whole number from 1 to this."""
    is_day: bool = False

    def schema(self) -> dict[str, Any]:
        """What the documentation says of it."""
        if self.at_most:
            number: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": self.at_most}
            return number | ({"default": int(self.default)} if self.default else {})
        if self.one_of:
            said: dict[str, Any] = {"type": "string", "enum": list(self.one_of)}
        elif self.is_day:
            said = {"type": "string", "format": "date"}
        else:
            said = {"type": "string", "pattern": self.pattern, "maxLength": self.longest}
        return said | ({"default": self.default} if self.default else {})

    def admits(self, value: str) -> bool:
        """Whether a value is of its form."""
        if self.at_most:
            return bool(re.fullmatch(r"[1-9][0-9]{0,5}", value)) and int(value) <= self.at_most
        if self.one_of:
            return value in self.one_of
        if self.is_day:
            return _is_day(value)
        return len(value) <= self.longest and re.fullmatch(self.pattern, value) is not None


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


PERIOD = Param("period", "A month, such as 2026-10", r"^(?!0000|9999)[0-9]{4}-(0[1-9]|1[0-2])$")
DAY = Param("day", "A day in UTC, such as 2026-10-01", is_day=True)
LIMIT = Param("limit", "How many entries at most", default="100", at_most=MOST_ROWS)
CURSOR = Param(
    "cursor", "What the page before gave as `next_cursor`",
    r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", longest=LONGEST_CURSOR,
)  # fmt: skip


MARK = Param(FIELD, "The mark of the page that the form is on")


@dataclass(frozen=True)
class Route(Generic[D]):
    """One entry: an address, who may ask it, with what, and who answers."""

    method: str
    rule: str
    scope: str
    """What the token has to grant; empty: nothing, and no token is asked for."""
    run: Run[D]
    kind: Kind = "api"
    tenant: bool = True
    """Whether it is for who speaks for a tenant, or for who speaks for none."""
    path: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    body: tuple[Param, ...] = ()
    answer: str = ""
    """The schema of its body; or a media type; or empty where it leads to another address."""
    summary: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether who asks it is written down: every write, and whatever our own people read."""
        return bool(self.scope) and (self.method == "POST" or self.scope.startswith("admin:"))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = (re.escape(part) for part in re.split(r"<\w+>", self.rule))
        return re.compile("[^/]+".join(parts))

    def is_at(self, path: str) -> bool:
        """Whether a path is this route's, whatever the method."""
        return self._pattern.fullmatch(path) is not None

    def values(self, asked: Asked, path_values: Mapping[str, str]) -> dict[str, str]:
        """What is asked for, checked. Errors: `Problem` 400, 404 and 415."""
        named = {name: unquote(value) for name, value in path_values.items()}
        if any(not param.admits(named[param.name]) for param in self.path):
            raise Problem(404, "NOT_FOUND", "There is nothing here under this address for you.")
        given = _checked(self.query, _pairs(asked.query), "query")
        if self.method == "POST":
            fields = (*self.body, MARK) if self.kind == "form" else self.body
            given |= _checked(fields, self._body(asked), "body")
        return given | named

    def _body(self, asked: Asked) -> list[tuple[str, str]]:
        kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = "application/x-www-form-urlencoded" if self.kind == "form" else "application/json"
        if kind != wanted and (asked.body or self.kind == "form"):
            raise Problem(415, "MEDIA_TYPE", f"The body has to be {wanted}.")
        try:
            text = asked.body.decode()
        except UnicodeDecodeError:
            raise bad_request("The body is not UTF-8.") from None
        return _pairs(text) if self.kind == "form" else _fields(text)


class Described(TypedDict, total=False):
    """What an entry may say besides its address and scope."""

    path: tuple[Param, ...]
    query: tuple[Param, ...]
    body: tuple[Param, ...]
    answer: str
    summary: str


class Routes(Generic[D]):
    """A table that functions enter themselves in; they take the desk and what is asked."""

    def __init__(self, *, tenant: bool = True) -> None:
        self._tenant = tenant
        self._all: list[Route[D]] = []

    def __iter__(self) -> Iterator[Route[D]]:
        return iter(self._all)

    def get(self, rule: str, scope: str = "", **more: Unpack[Described]) -> Entering[D]:
        """An address of the API that is read."""
        return self._entry("GET", rule, scope, "api", more)

    def post(self, rule: str, scope: str, **more: Unpack[Described]) -> Entering[D]:
        """An address of the API that takes JSON and does something."""
        return self._entry("POST", rule, scope, "api", more)

    def page(self, rule: str, scope: str = "", **more: Unpack[Described]) -> Entering[D]:
        """A page for people."""
        return self._entry("GET", rule, scope, "page", more)

    def form(self, rule: str, scope: str = "", **more: Unpack[Described]) -> Entering[D]:
        """Where the form of a page is sent to."""
        return self._entry("POST", rule, scope, "form", more)

    def _entry(
        self, method: str, rule: str, scope: str, kind: Kind, more: Described
    ) -> Entering[D]:
        def enter(run: Run[D]) -> Run[D]:
            described: Described = {"summary": _first_line(run), **more}
            entry = Route(method, rule, scope, run, kind, self._tenant, **described)
            self._all.append(entry)
            return run

        return enter


def _first_line(run: Callable[..., object]) -> str:
    return (run.__doc__ or "").partition("\n")[0].rstrip(".")


def _checked(
    params: Sequence[Param], pairs: Iterable[tuple[str, str]], where: str
) -> dict[str, str]:
    known = {param.name: param for param in params}
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known or name in given:
            raise bad_request(f"The {where} has a value too many, or one that is not known here.")
        if not known[name].admits(value):
            raise bad_request(f"The {where}'s {name} is not of its form: {known[name].text}.")
        given[name] = value
    if missing := [p.name for p in params if p.required and p.name not in given]:
        raise bad_request(f"The {where} lacks {', '.join(missing)}.")
    return {param.name: param.default for param in params if param.default} | given


def _pairs(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=32
        )
    except ValueError:
        raise bad_request("The query or the form cannot be read.") from None


def _fields(text: str) -> list[tuple[str, str]]:
    """The members of a flat JSON object, each with its own text, as often as they are there."""
    if not text:
        return []
    try:
        found = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise bad_request("The body is not JSON.") from None
    if not text.lstrip().startswith("{") or not all(_is_text(value) for _, value in found):
        raise bad_request("The body has to be an object whose values are all texts.")
    return [(str(name), value) for name, value in found]


def _is_text(value: object) -> bool:
    """Whether it can be written down: JSON can escape half a letter, which UTF-8 does not know."""
    return isinstance(value, str) and not _HALF_A_LETTER.search(value)
