"""Only a token that the issuer signed for us, and that is still good, says who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from meterbook.serve.identity import LONGEST_TOKEN, Identity, Verifier
from meterbook.serve.problems import Problem
from meterbook_local.clock import FixedClock

NOW = datetime(2026, 12, 15, 12, tzinfo=UTC)
ISSUER, AUDIENCE = "https://issuer.example", "client-1"
GOOD = {
    "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": int(NOW.timestamp()) + 600,
    "custom:tenant_id": "cedar", "scope": "usage:read invoices:read",
}  # fmt: skip


@cache
def rsa_key(bits: int = 2048, name: str = "ours") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str = "ours") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def jwk_of(key: Any, **more: str) -> dict[str, Any]:
    maker = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(maker.to_jwk(key.public_key())), **more}


@dataclass
class Keys:
    """What the issuer publishes."""

    published: Mapping[str, Mapping[str, Any]]
    asked: int = 0

    def key(self, kid: str) -> Mapping[str, Any]:
        self.asked += 1
        return self.published[kid]


def keys() -> Keys:
    return Keys({
        "rsa": jwk_of(rsa_key(), alg="RS256", use="sig"),
        "ec": jwk_of(ec_key()),
        "short": jwk_of(rsa_key(1024)),
        "p384": jwk_of(ec.generate_private_key(ec.SECP384R1())),
        "for encryption": jwk_of(rsa_key(), use="enc"),
        "shared": {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode()},
    })  # fmt: skip


def verifier(now: datetime = NOW, published: Keys | None = None) -> Verifier:
    return Verifier(ISSUER, AUDIENCE, published or keys(), FixedClock(now))


def token(key: Any, algorithm: str, kid: str, **claims: Any) -> str:
    said = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return jwt.encode(said, key, algorithm, {"kid": kid})


def by_rsa(**claims: Any) -> str:
    return token(rsa_key(), "RS256", "rsa", **claims)


@pytest.mark.parametrize("made", [by_rsa, lambda: token(ec_key(), "ES256", "ec")])
def test_a_good_token_says_who_asks(made: Callable[[], str]) -> None:
    expected = Identity("ada", "cedar", frozenset({"usage:read", "invoices:read"}))
    assert verifier().identity(made()) == expected


def test_groups_are_scopes_too_and_a_token_may_name_no_tenant() -> None:
    said = by_rsa(**{"cognito:groups": ["admin:read"], "custom:tenant_id": None, "scope": None})
    assert verifier().identity(said) == Identity("ada", "", frozenset({"admin:read"}))


def test_the_audience_may_be_one_of_several() -> None:
    assert verifier().identity(by_rsa(aud=["other", AUDIENCE])).actor == "ada"


def raw(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, as a library would refuse to."""
    return f"{_unsigned(header, claims)}.{_text(signature)}"


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return ".".join(_text(json.dumps(part).encode()) for part in (header, claims))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def confused() -> str:
    """HS256, with the published RSA key as the shared secret."""
    pem = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header = {"alg": "HS256", "kid": "rsa"}
    mark = hmac.new(pem, _unsigned(header, GOOD).encode(), hashlib.sha256).digest()
    return raw(header, GOOD, mark)


def shared() -> str:
    return token(b"s" * 32, "HS256", "shared")


def bent() -> str:
    """A good token whose claims were changed afterwards."""
    header, _, signature = by_rsa().split(".")
    return (
        f"{header}.{_text(json.dumps({**GOOD, 'custom:tenant_id': 'birch'}).encode())}.{signature}"
    )


REFUSED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "a.b.c",
    "not ASCII": lambda: "é.ü.\ud800",
    "alg none": lambda: raw({"alg": "none", "kid": "rsa"}, GOOD),
    "alg None": lambda: raw({"alg": "None", "kid": "rsa"}, GOOD),
    "alg is a list": lambda: raw({"alg": ["RS256"], "kid": "rsa"}, GOOD),
    "no signature": lambda: by_rsa().rpartition(".")[0] + ".",
    "a public key as a secret": confused,
    "a shared secret": shared,
    "another RSA key under our kid": lambda: token(rsa_key(name="theirs"), "RS256", "rsa"),
    "another EC key under our kid": lambda: token(ec_key("theirs"), "ES256", "ec"),
    "RSA under an EC kid": lambda: token(rsa_key(), "RS256", "ec"),
    "EC under an RSA kid": lambda: token(ec_key(), "ES256", "rsa"),
    "RS512": lambda: token(rsa_key(), "RS512", "rsa"),
    "PS256": lambda: token(rsa_key(), "PS256", "rsa"),
    "a key that is too short": lambda: token(rsa_key(1024), "RS256", "short"),
    "a key of another curve": lambda: token(ec_key(), "ES256", "p384"),
    "a key for encryption": lambda: token(rsa_key(), "RS256", "for encryption"),
    "an unknown kid": lambda: token(rsa_key(), "RS256", "new"),
    "no kid": lambda: jwt.encode(GOOD, rsa_key(), "RS256"),
    "a kid that is a number": lambda: raw({"alg": "RS256", "kid": 1}, GOOD),
    "a key of its own": lambda: raw({"alg": "RS256", "kid": "x", "jwk": jwk_of(rsa_key())}, GOOD),
    "critical extensions": lambda: jwt.encode(
        GOOD, rsa_key(), "RS256", {"kid": "rsa", "crit": ["exp"]}
    ),
    "changed claims": bent,
    "another issuer": lambda: by_rsa(iss="https://issuer.example.evil"),
    "no issuer": lambda: by_rsa(iss=None),
    "another audience": lambda: by_rsa(aud="client-2"),
    "no audience": lambda: by_rsa(aud=None),
    "no subject": lambda: by_rsa(sub=None),
    "an empty subject": lambda: by_rsa(sub=""),
    "a subject with a line break": lambda: by_rsa(sub="ada\nroot"),
    "no expiry": lambda: by_rsa(exp=None),
    "an expiry that is a text": lambda: by_rsa(exp="tomorrow"),
    "an expiry that is true": lambda: by_rsa(exp=True),
    "an endless expiry": lambda: by_rsa(exp=float("inf")),
    "expired": lambda: by_rsa(exp=int(NOW.timestamp()) - 60),
    "not good yet": lambda: by_rsa(nbf=int(NOW.timestamp()) + 61),
    "a tenant that is a list": lambda: by_rsa(**{"custom:tenant_id": ["cedar"]}),
    "a tenant that is a path": lambda: by_rsa(**{"custom:tenant_id": "../birch"}),
    "scopes that are a list": lambda: by_rsa(scope=["usage:read"]),
    "a very long token": lambda: by_rsa(padding="x" * LONGEST_TOKEN),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_that_is_not_good_is_refused(name: str) -> None:
    made = REFUSED[name]()
    with pytest.raises(Problem) as refused:
        verifier().identity(made)
    assert refused.value.status == 401
    assert refused.value.headers["www-authenticate"].startswith("Bearer ")
    assert not made or made not in f"{refused.value.detail}{refused.value.headers}"


@pytest.mark.parametrize(("seconds", "is_good"), [(600, True), (659, True), (660, False)])
def test_a_token_is_good_for_a_minute_longer_whether_it_is_remembered_or_not(
    seconds: int, is_good: bool
) -> None:
    then, published, made = NOW + timedelta(seconds=seconds), keys(), by_rsa()
    clock = Moving(NOW)
    known = Verifier(ISSUER, AUDIENCE, published, clock)
    known.identity(made)
    clock.moment = then
    for one in (known, verifier(then)):
        if is_good:
            assert one.identity(made).actor == "ada"
        else:
            with pytest.raises(Problem):
                one.identity(made)


def test_a_token_is_checked_once() -> None:
    published, made = keys(), by_rsa()
    known = verifier(published=published)
    assert known.identity(made) == known.identity(made)
    assert published.asked == 1


@dataclass
class Moving:
    """A clock that is set by hand."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment
