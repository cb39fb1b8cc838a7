"""Licensees whose every word carries a mark of its own, and finance over the book they come from.

What is published of the proof world is rewritten: each text, id, key and number of a licensee gets
its mark, so whatever of it turns up elsewhere is seen, also inside Base64 or percent signs.
"""

from __future__ import annotations

import gzip
import json
import re
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from close.small_world import World
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from meterbook.book import Book
from meterbook.canonical import canonical_json, gzipped
from meterbook.errors import SignInRefused
from meterbook.report.publish_tenant_views import publish_tenant_views
from meterbook.serve.admin_app import AdminDesk, admin_app
from meterbook.serve.csrf import csrf_token
from meterbook.serve.identity import Verifier
from meterbook.serve.sign_in import SignIn, SignInPlace
from meterbook.serve.tenant_app import TenantDesk, tenant_app
from meterbook_local.clock import FixedClock
from meterbook_local.recalculator import TariffRecalculator
from meterbook_local.views import FolderTenants, FolderViews
from serve.finance_desk import JobsTold
from serve.published_world import Said, event_of, said_by

NOW = datetime(2026, 12, 5, 8, 5, tzinfo=UTC)
ISSUER, AUDIENCE = "https://issuer.example", "client-1"
OURS, SIGN_IN = "https://meterbook.example", "https://sign-in.example"
SUBJECT = "ada-" + secrets.token_hex(4)
KEY = b"a key of 32 bytes, for tests only"
COOKIE = "__Host-meterbook"
LICENSEE, READER, WRITER = "usage:read invoices:read", "admin:read", "admin:read admin:write"
Fields = dict[str, Any]

_OUR_WORDS = frozenset({
    "form", "state", "kind", "currency", "language", "aggregation", "pricing", "prorate", "tax_case",
    "media_type", "colour",
})  # fmt: skip
_FIGURE = re.compile(r"[-0-9.:TZ]*")
_KEY_OF = re.compile(r"(documents|events|files)/(.+)")
_MARK_LETTERS = 12


# ---- marks ---------------------------------------------------------------------------------------


def new_mark() -> str:
    """Letters that stand in an id, a reference and a key, and are nowhere by chance."""
    return secrets.token_hex(_MARK_LETTERS // 2)


def marked(value: Any, mark: str, name: str = "") -> Any:
    """The same with the mark in every text; a figure, a day and a word of ours stay."""
    if isinstance(value, dict):
        is_data = name == "amounts"  # the ids of modules
        return {marked(k, mark) if is_data else k: marked(v, mark, k) for k, v in value.items()}
    if isinstance(value, list):
        return [marked(one, mark, name) for one in value]
    if not isinstance(value, str) or name in _OUR_WORDS or _FIGURE.fullmatch(value):
        return value
    if name == "ref":
        return mark + value[_MARK_LETTERS:]
    if key := _KEY_OF.fullmatch(value):
        return f"{key[1]}/{mark}-{key[2]}"
    return f"{value}-{mark}"


def forms_of(mark: str) -> Iterator[bytes]:
    """What a mark looks like as it is, in Base64 at each of three places, and escaped."""
    raw = mark.encode()
    yield from (raw, raw.upper(), raw.hex().encode())
    yield "".join(f"%{byte:02x}" for byte in raw).encode()
    yield "".join(f"\\u{byte:04x}" for byte in raw).encode()
    for before in range(3):
        # Only the letters that no neighbour has a part in.
        text = b64encode(b"\0" * before + raw)[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield text
        yield text.translate(bytes.maketrans(b"+/", b"-_"))


def has(text: bytes, mark: str) -> bool:
    """Whether a text has the mark in any form."""
    return any(form in text for form in forms_of(mark))


def told(said: Said) -> bytes:
    """All of an answer in one text."""
    body = gzip.decompress(said.body) if said.body.startswith(b"\x1f\x8b") else said.body
    return b"\n".join([
        *(f"{name}: {value}".encode() for name, value in said.headers.items()),
        *(cookie.encode() for cookie in said.cookies), body,
    ])  # fmt: skip


# ---- who signs -----------------------------------------------------------------------------------


@dataclass
class Issuer:
    """A `KeySource` of one key of each kind."""

    rsa: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    ec: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def key(self, kid: str) -> Mapping[str, Any]:
        return self._published[kid]

    @cached_property
    def _published(self) -> Mapping[str, Mapping[str, Any]]:
        rsa_jwk = json.loads(RSAAlgorithm.to_jwk(self.rsa.public_key()))
        ec_jwk = json.loads(ECAlgorithm.to_jwk(self.ec.public_key()))
        return {"rsa": {**rsa_jwk, "alg": "RS256"}, "ec": {**ec_jwk, "alg": "ES256"}}

    def claims(self, scope: str, **more: Any) -> Fields:
        """What a good token says; a claim that is None is not in it."""
        at = int(NOW.timestamp())
        said = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "iat": at, "exp": at + 3600,
            "scope": scope, **more,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def token(self, scope: str, **more: Any) -> str:
        return jwt.encode(self.claims(scope, **more), self.rsa, "RS256", {"kid": "rsa"})


# ---- the world -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Licensee:
    """One of them: its id, its mark, and what only it has."""

    id: str
    mark: str
    values: Mapping[str, str]

    @property
    def claim(self) -> Fields:
        return {"custom:tenant_id": self.id}


@dataclass
class Shelf:
    """An `ObjectStore` in memory."""

    held: dict[str, bytes] = field(default_factory=dict)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        return self.held.setdefault(key, body) is body

    def get(self, key: str) -> bytes:
        return self.held[key]

    def keys(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(key for key in self.held if key.startswith(prefix)))

    @property
    def audit_keys(self) -> list[str]:
        return [key for key in self.held if key.startswith("audit/")]


class NoTokens:
    """A `TokenEndpoint` that takes no code."""

    def token(self, code: str, verifier: str, redirect_uri: str) -> str:
        raise SignInRefused(detail="the code is not good")


@dataclass
class MarkedWorld:
    """Both apps over marked licensees, and who asks them."""

    book: Book
    root: Path
    licensees: Mapping[str, Licensee]
    issuer: Issuer = field(default_factory=Issuer)
    records: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        clock = FixedClock(NOW)
        self.jobs = JobsTold(lambda: True)
        self.files = FolderTenants(self.root, KEY, clock)
        who = Verifier(ISSUER, AUDIENCE, self.issuer, clock)
        place = SignInPlace(SIGN_IN, AUDIENCE, OURS)
        sign_in = SignIn(place, NoTokens(), who.identity, KEY, lambda: "f" * 43, clock)
        self.tenant_desk = TenantDesk(
            self.files, who, clock, KEY, public_url=OURS, sign_in=sign_in,
            stale_after=timedelta(hours=4),
        )  # fmt: skip
        admin = AdminDesk(self._opened, self.jobs, who, clock, KEY, self.records, public_url=OURS)
        self.tenant, self.admin = tenant_app(self.tenant_desk), admin_app(admin)

    @contextmanager
    def _opened(self) -> Iterator[Book]:
        yield self.book

    def app(self, *, tenant: bool) -> APIGatewayHttpResolver:
        return self.tenant if tenant else self.admin

    def ask(
        self,
        address: str,
        token: str = "",
        *,
        tenant: bool = True,
        cookie: str = "",
        method: str = "GET",
        body: bytes | None = None,
        **headers: str,
    ) -> Said:
        """Ask as a program (`token`) or as a browser (`cookie`); `x_y="…"` is the header x-y."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named = {"authorization": f"Bearer {token}"} | named
        cookies = [f"{COOKIE}={cookie}"] if cookie else []
        event = event_of(method, address, named, cookies, body)
        return said_by(self.app(tenant=tenant), event)

    def token_of(self, name: str, scope: str = LICENSEE) -> str:
        return self.issuer.token(scope, **self.licensees[name].claim)

    def foreign_to(self, name: str) -> Sequence[str]:
        """The marks of all others."""
        return [one.mark for other, one in self.licensees.items() if other != name]


def csrf_of(token: str) -> str:
    """What the pages of this session put into their forms."""
    return csrf_token(KEY, token)


def marked_world(world: World, published: Path, root: Path) -> MarkedWorld:
    """Publish what a world holds, and mark it. Only `birch` has no September."""
    views = FolderViews(published)
    publish_tenant_views(world.book, world.evidence, views, TariffRecalculator())
    out = FolderViews(root)
    out.replace("published.json", views.get("published.json"))
    names = sorted({key.split("/")[1] for key in views.keys("tenants/")})
    return MarkedWorld(world.book, root, {name: _rewritten(views, out, name) for name in names})


def _rewritten(views: FolderViews, out: FolderViews, name: str) -> Licensee:
    mark = new_mark()
    tenant_id, former = marked(name, mark), f"tenants/{name}/"
    documents = {}
    for key in views.keys(former):
        kept = key.removeprefix(former)
        body = views.get(key)
        if kept.endswith((".json", ".json.gz")):
            read = json.loads(gzip.decompress(body) if kept.endswith(".gz") else body)
            documents[marked(kept, mark) if "/" in kept else kept] = marked(read, mark)
        else:
            out.replace(f"tenants/{tenant_id}/{marked(kept, mark)}", body + mark.encode())
    _completed(documents, mark, name)
    logo = f'<svg xmlns="http://www.w3.org/2000/svg"><title>{mark}</title></svg>'
    out.replace(f"tenants/{tenant_id}/files/{mark}.svg", logo.encode())
    for key, document in documents.items():
        text = canonical_json(document)
        out.replace(
            f"tenants/{tenant_id}/{key}", gzipped(text) if key.endswith(".gz") else text.encode()
        )
    return Licensee(tenant_id, mark, _values(documents, mark))


def _completed(documents: Fields, mark: str, name: str) -> None:
    """A logo, an e-invoice with each invoice, and few months: not the same for all."""
    index = documents["index.json"]
    index["brand"]["logo"] = {"key": f"files/{mark}.svg", "media_type": "image/svg+xml"}
    since = "2026-10" if name == "birch" else "2026-09"
    index["periods"] = [one for one in index["periods"] if one["period"] >= since]
    for entry in documents[index["invoices"]]["invoices"]:
        entry["files"].setdefault("xml", entry["files"]["pdf"])


def _values(documents: Fields, mark: str) -> Mapping[str, str]:
    """One of everything that an address can name; what a licensee lacks has at least its form."""
    index = documents["index.json"]
    day, held = min(documents[index["days"]["2026-10"]["key"]]["days"].items())
    event = documents[held["key"]]["events"][0]
    invoices = documents[index["invoices"]]["invoices"]
    return {
        "period": "2026-10", "day": day, "ref": event["ref"], "metric": event["metric"],
        "module": event["module_id"], "module_id": event["module_id"],
        "number": invoices[-1]["number"] if invoices else f"NIM-2026-000001-{mark}",
    }  # fmt: skip
