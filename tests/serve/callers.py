"""Everybody who may come: the right ones, the wrong ones, and tokens that nobody should take."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from serve.marked_world import COOKIE, LICENSEE, NOW, WRITER, Issuer, MarkedWorld, csrf_of

Outcome = Literal["own", "of another", "not theirs", "unknown", "no mark", "unknown word", "empty"]
"""own: answered. of another: answered, and what is not theirs is not there. not theirs: 403. unknown: 401.
no mark: a session whose write has no mark. unknown word: a query that no route knows. empty: nothing is published."""
Fields = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """How somebody comes: with what in headers, cookies and query, and what has to become of it."""

    outcome: Outcome
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    query: str = ""
    licensee: str = ""
    """Whose data alone may be in the answer."""
    secrets: tuple[str, ...] = ()
    """What of it must not come back."""
    is_known: bool = True
    """Whether the token is good, so that what it asks for is written down."""


def by_token(outcome: Outcome, token: str, licensee: str = "", **more: Any) -> Caller:
    """With a token in the header."""
    headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
    known = outcome != "unknown"
    return Caller(outcome, headers, licensee=licensee, secrets=(token,), is_known=known, **more)


def by_cookie(outcome: Outcome, token: str, licensee: str = "", **headers: str) -> Caller:
    """In a browser's session; what it posts has the mark of its page unless another is given."""
    marked = {"x-csrf-token": csrf_of(token), "sec-fetch-site": "same-origin"} | headers
    known = outcome != "unknown"
    cookies = (f"{COOKIE}={token}",)
    return Caller(outcome, marked, cookies, licensee=licensee, secrets=(token,), is_known=known)


def callers(world: MarkedWorld, *, tenant: bool, method: str = "GET") -> Mapping[str, Caller]:
    """Everybody, for one side of the service; `acme` has what is asked for on the licensees'."""
    posting = from_elsewhere(world, tenant=tenant) if method == "POST" else {}
    return {
        **known_people(world, tenant=tenant), **posting, **strangers(world, tenant=tenant)
    }  # fmt: skip


def known_people(world: MarkedWorld, *, tenant: bool) -> dict[str, Caller]:
    """Those whose token is good."""
    acme, cedar, nz = (world.token_of(name) for name in ("acme", "cedar", "acme-nz"))
    licensee: Outcome = "own" if tenant else "not theirs"
    other: Outcome = "of another" if tenant else "not theirs"
    ours: Outcome = "not theirs" if tenant else "own"
    greedy = world.token_of("acme", f"{LICENSEE} {WRITER}")
    ghost = world.issuer.token(LICENSEE, **{"custom:tenant_id": "ghost"})
    writer = world.issuer.token(WRITER)
    return {
        "own": by_token(licensee, acme, "acme"),
        "own, in a browser": by_cookie(licensee, acme, "acme"),
        "own, with an ES256 token": by_token(licensee, _es256(world), "acme"),
        "a child of the account": by_token(other, nz, "acme-nz"),
        "a sibling": by_token(other, cedar, "cedar"),
        "a sibling's cookie": by_cookie(other, cedar, "cedar"),
        "a sibling's header over the owner's cookie": by_token(
            other, cedar, "cedar", cookies=(f"{COOKIE}={acme}",)
        ),
        "a sibling that names the owner in headers": by_token(
            other, cedar, "cedar",
            headers={"x-tenant-id": world.licensees["acme"].id, "custom:tenant_id": "acme"},
        ),
        "a sibling that names the owner in the query": by_token(
            "unknown word" if tenant else "not theirs", cedar, "cedar",
            query=f"tenant_id={world.licensees['acme'].id}",
        ),
        "a tenant of which nothing is published": by_token(
            "empty" if tenant else "not theirs", ghost, "ghost"
        ),
        "a licensee with every scope": by_token(licensee, greedy, "acme"),
        "a licensee without scope": by_token("not theirs", world.token_of("acme", ""), "acme"),
        "an admin who reads": by_token(ours, world.issuer.token("admin:read")),
        "an admin who writes": by_token(ours, writer),
        "an admin who writes, in a browser": by_cookie(ours, writer),
        "an admin's tenant that is empty": by_token(
            ours, world.issuer.token(WRITER, **{"custom:tenant_id": ""})
        ),
    }  # fmt: skip


def from_elsewhere(world: MarkedWorld, *, tenant: bool) -> dict[str, Caller]:
    """A session whose form is not one of our pages'."""
    token = world.issuer.token(WRITER)
    sent = {
        "without the mark": {"x-csrf-token": ""},
        "with another's mark": {"x-csrf-token": csrf_of(world.token_of("acme"))},
        "from another site": {"sec-fetch-site": "cross-site"},
        "from another origin": {"origin": "https://evil.example"},
    }
    return {
        f"an admin's browser, {how}": by_cookie(
            "not theirs" if tenant else "no mark", token, **headers
        )
        for how, headers in sent.items()
    }


def strangers(world: MarkedWorld, *, tenant: bool) -> dict[str, Caller]:
    """Those who bring no token, or one that nobody should take."""
    good = world.token_of("acme") if tenant else world.issuer.token(WRITER)
    claims = world.licensees["acme"].claim if tenant else {}
    scope = LICENSEE if tenant else WRITER
    unread = {
        "no token": Caller("unknown", is_known=False),
        "a token in the query": Caller(
            "unknown", query=f"access_token={good}", secrets=(good,), is_known=False
        ),
        "another scheme": Caller(
            "unknown", {"authorization": f"Basic {good}"}, secrets=(good,), is_known=False
        ),
        "two headers": by_token("unknown", f"{good},Bearer {good}"),
        "a bad header over a good cookie": by_token(
            "unknown", good[:-8] + "AAAAAAAA", cookies=(f"{COOKIE}={good}",)
        ),
        "a bad cookie": by_cookie("unknown", good[:-8] + "AAAAAAAA"),
    }
    made = {
        name: by_token("unknown", make(world.issuer, world.issuer.claims(scope, **claims)))
        for name, make in BAD_TOKENS.items()
    }
    named = {
        f"a tenant called {id_!r:.40}": by_token(
            "unknown", world.issuer.token(scope, **{"custom:tenant_id": id_})
        )
        for id_ in HOSTILE_TENANTS
    }
    return unread | made | named


HOSTILE_TENANTS: tuple[Any, ...] = (
    "../acme", "acme/../cedar", "acme/", "/acme", ".", "..", "*", "acme*", "acme?", " acme", "acme\n",
    "acme\0", "a" * 300, "аcme", "acme\u200b", "acme%2f..", "acme\\cedar", ["acme"], {"": "acme"}, 7,
    True, False, 0, [], {},
)  # fmt: skip

Make = Callable[[Issuer, Fields], str]


def _changed(**claims: Any) -> Make:
    """Signed as it should be, and saying something else."""

    def make(issuer: Issuer, good: Fields) -> str:
        said = {name: value for name, value in {**good, **claims}.items() if value is not None}
        return jwt.encode(said, issuer.rsa, "RS256", {"kid": "rsa"})

    return make


def _kid(kid: str, **header: str) -> Make:
    return lambda issuer, good: jwt.encode(good, issuer.rsa, "RS256", {"kid": kid, **header})


def _by_hand(header: Fields, claims: Fields, sign: Callable[[bytes], bytes]) -> str:
    """A token that a library would refuse to make."""
    said = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    return f"{said}.{_text(sign(said.encode()))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _shared_secret(issuer: Issuer, good: Fields) -> str:
    """HS256, with the published key as the secret."""
    pem = issuer.rsa.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = {"alg": "HS256", "kid": "rsa"}
    return _by_hand(head, good, lambda said: hmac.digest(pem, said, hashlib.sha256))


def _unsigned(alg: str) -> Make:
    return lambda _, good: _by_hand({"alg": alg, "kid": "rsa"}, good, lambda _: b"")


def _relabelled(issuer: Issuer, good: Fields) -> str:
    """An ES256 token whose header says RS256."""
    _, claims, signature = jwt.encode(good, issuer.ec, "ES256", {"kid": "ec"}).split(".")
    return f"{_text(json.dumps({'alg': 'RS256', 'kid': 'ec'}).encode())}.{claims}.{signature}"


def _bent(issuer: Issuer, good: Fields) -> str:
    """A good token whose claims were changed afterwards."""
    head, _, signature = jwt.encode(good, issuer.rsa, "RS256", {"kid": "rsa"}).split(".")
    return f"{head}.{_text(json.dumps({**good, 'sub': 'grace'}).encode())}.{signature}"


_THEIRS = rsa.generate_private_key(65537, 2048)
_THEIRS_EC = ec.generate_private_key(ec.SECP256R1())
_AT = int(NOW.timestamp())

BAD_TOKENS: Mapping[str, Make] = {
    "expired": _changed(exp=_AT - 61),
    "not good yet": _changed(nbf=_AT + 61),
    "for another audience": _changed(aud="client-2"),
    "for no audience": _changed(aud=None),
    "of another issuer": _changed(iss="https://issuer.example.evil"),
    "of nobody": _changed(sub=None),
    "without an end": _changed(exp=None),
    "alg none": _unsigned("none"),
    "alg NONE": _unsigned("NONE"),
    "HS256 with the public key": _shared_secret,
    "RS512": lambda issuer, good: jwt.encode(good, issuer.rsa, "RS512", {"kid": "rsa"}),
    "PS256": lambda issuer, good: jwt.encode(good, issuer.rsa, "PS256", {"kid": "rsa"}),
    "a swapped key": lambda _, good: jwt.encode(good, _THEIRS, "RS256", {"kid": "rsa"}),
    "a swapped key on a curve": lambda _, good: jwt.encode(
        good, _THEIRS_EC, "ES256", {"kid": "ec"}
    ),
    "an unknown kid": _kid("new"),
    "a kid that is a path": _kid("../../issuer.key"),
    "a kid that is an address": _kid("https://evil.example/jwks.json"),
    "a key by its own address": _kid("x", jku="https://evil.example/jwks.json"),
    "ES256 that says RS256": _relabelled,
    "RSA under the kid of a curve": _kid("ec"),
    "changed afterwards": _bent,
}


def _es256(world: MarkedWorld) -> str:
    said = world.issuer.claims(LICENSEE, **world.licensees["acme"].claim)
    return jwt.encode(said, world.issuer.ec, "ES256", {"kid": "ec"})
