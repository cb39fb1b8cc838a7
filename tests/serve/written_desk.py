"""A desk with one thing that can be done, to look at what the front does around it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from meterbook.errors import BookInconsistent, InputRefused, PeriodNotOver, StoreUnavailable
from meterbook.ports import ObjectStore
from meterbook.serve.asked import Answer, Asked, json_answer, page_answer, see_other
from meterbook.serve.csrf import csrf_token
from meterbook.serve.front import front_app
from meterbook.serve.identity import Verifier
from meterbook.serve.problems import Problem
from meterbook.serve.routes import PERIOD, Param, Routes
from meterbook_local.folder import FolderStore
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer
from serve.published_world import Said, event_of, said_by

KEY = b"k" * 32
OURS = "https://meterbook.example"
SECRET = "postgres://user:hunter2@host"  # noqa: S105 - what must not be told


@dataclass
class Hand:
    """A clock that is set by hand."""

    moment: datetime = datetime(2026, 12, 15, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def wait(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class Desk:
    verifier: Verifier
    clock: Hand
    records: ObjectStore | None
    signing_key: bytes = KEY
    secure: bool = True
    public_url: str = OURS
    done: list[dict[str, str]] = field(default_factory=list)


ERRORS: dict[str, Exception] = {
    "refused": InputRefused(detail="The file has no rows."),
    "guard": PeriodNotOver(period="2026-12", end="2027-01-01", now="now"),
    "later": StoreUnavailable(bucket=SECRET, key="k", detail=SECRET),
    "ours": BookInconsistent(detail=SECRET),
    "bug": ZeroDivisionError(SECRET),
    "absent": KeyError(SECRET),
}

routes: Routes[Desk] = Routes(tenant=False)
REASON = Param("reason", "Why", required=True, longest=20)


@routes.get("/v1/look", "admin:read", query=(PERIOD,), answer="Look")
def look(desk: Desk, asked: Asked) -> Answer:
    """Look at it."""
    return json_answer({"done": len(desk.done)})


@routes.post("/v1/things/<period>", "admin:write", path=(PERIOD,), body=(REASON,), answer="Thing")
def do(desk: Desk, asked: Asked) -> Answer:
    """Do it."""
    desk.done.append(dict(asked.values))
    if (error := ERRORS.get(asked.get("reason"))) is not None:
        raise error
    return json_answer({"number": len(desk.done)}, 201)


@routes.form("/finance/things", "admin:write", body=(REASON,))
def do_by_form(desk: Desk, asked: Asked) -> Answer:
    """Do it from a page."""
    desk.done.append(dict(asked.values))
    return see_other("/finance")


def wrong(asked: Asked, problem: Problem) -> Answer:
    return page_answer(f"<p>{problem.status} {problem.detail}", problem.status)


class Office:
    """The desk, its app, and somebody of ours who asks."""

    def __init__(self, root: Path) -> None:
        self.clock = Hand()
        self.records = FolderStore(root / "records")
        self.issuer = LocalIssuer(root / "issuer.key", self.clock)
        who = Verifier(ISSUER, AUDIENCE, self.issuer, self.clock)
        self.desk = Desk(who, self.clock, self.records)
        self.app = front_app(self.desk, routes, wrong)

    def token(self, scope: str = "admin:read admin:write", **claims: str) -> str:
        actor = claims.pop("actor", "grace")
        return self.issuer.token(actor, {"scope": scope, **claims})

    def ask(
        self,
        method: str,
        address: str,
        body: object = None,
        token: str | None = None,
        **headers: str,
    ) -> Said:
        """Ask as a program does, with JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = self.token() if token is None else token
        sent = named | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        raw = None
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent = {"content-type": "application/json"} | sent
        return said_by(self.app, event_of(method, address, sent, body=raw))

    def post(self, reason: str = "because", key: str = "", **headers: str) -> Said:
        keyed = headers | ({"idempotency_key": key} if key else {})
        return self.ask("POST", "/v1/things/2026-12", {"reason": reason}, **keyed)

    def submit(
        self, body: str, address: str = "/finance/things", token: str = "", **headers: str
    ) -> Said:
        """Submit a form as a browser does, in a session."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/x-www-form-urlencoded"} | named
        cookie = f"__Host-meterbook={token or self.token()}"
        return said_by(self.app, event_of("POST", address, sent, [cookie], body.encode()))

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(self.records.get(key)) for key in self.records.keys("audit/")]


def mark_of(token: str) -> str:
    return csrf_token(KEY, token)
