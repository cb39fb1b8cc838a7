"""Who asks: what a signed token says, and only when its issuer really signed it for us.

A token is a JSON Web Token of one issuer for one audience, signed with RS256 or ES256 by a key that
the issuer publishes. The algorithm that a token names is only compared: the key decides what
it can be checked with, so a public key can never serve as a shared secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt

from meterbook.identifier import is_identifier
from meterbook.ports import Clock, KeySource
from meterbook.serve.memory import Memory
from meterbook.serve.problems import Problem, unauthenticated

LEEWAY = timedelta(seconds=60)
LONGEST_TOKEN = 8192
_SMALLEST_RSA_BITS = 2048
_KEY_OF = {"RS256": {"kty": "RSA"}, "ES256": {"kty": "EC", "crv": "P-256"}}
_OPTIONS: Any = {
    "require": ["iss", "aud", "sub", "exp"],
    # Time comes from the Clock port, and is looked at below.
    "verify_exp": False, "verify_nbf": False, "verify_iat": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: the subject of the token, the one tenant it speaks for, and what it may do."""

    actor: str
    tenant_id: str
    """Empty where the token names no tenant, as those of our own people do."""
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verifier:
    """Checks tokens; one that was found good is remembered until it expires."""

    issuer: str
    audience: str
    keys: KeySource
    clock: Clock
    tenant_claim: str = "custom:tenant_id"
    _known: Memory[tuple[Identity, float]] = field(
        default_factory=lambda: Memory(1024), repr=False, compare=False
    )

    def identity(self, token: str) -> Identity:
        """Who the token speaks for. Errors: `Problem` 401, which does not say more than needed."""
        name = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        if (known := self._known.get(name)) is None:
            known = self._verified(token)
            self._known.put(name, known)
        identity, expires = known
        if self.clock.now().timestamp() >= expires:
            raise unauthenticated("The token has expired: sign in again.", "invalid_token")
        return identity

    def _verified(self, token: str) -> tuple[Identity, float]:
        if len(token) > LONGEST_TOKEN:
            raise _refused()
        try:
            algorithm, key = self._key(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token, key, algorithms=[algorithm], options=_OPTIONS,
                audience=self.audience, issuer=self.issuer,
            )  # fmt: skip
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise _refused() from None
        expires = _moment(claims["exp"]) + LEEWAY.total_seconds()
        if _moment(claims.get("nbf", 0)) - LEEWAY.total_seconds() > self.clock.now().timestamp():
            raise _refused()
        return self._identity(claims), expires

    def _key(self, header: Mapping[str, Any]) -> tuple[str, Any]:
        """The issuer's key, where it is one for the algorithm that the token names."""
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in _KEY_OF or not isinstance(kid, str) or "crit" in header:
            raise _refused()
        jwk = self.keys.key(kid)
        wanted = {"alg": algorithm, "use": "sig"}
        fits = all(jwk.get(name) == value for name, value in _KEY_OF[algorithm].items())
        if not fits or any(jwk.get(name, value) != value for name, value in wanted.items()):
            raise _refused()
        key = jwt.PyJWK(dict(jwk), algorithm).key
        if algorithm == "RS256" and key.key_size < _SMALLEST_RSA_BITS:
            raise _refused()
        return algorithm, key

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        actor, tenant_id = claims["sub"], claims.get(self.tenant_claim, "")
        if not _is_name(actor) or not (tenant_id == "" or is_identifier(tenant_id)):
            raise _refused()
        granted, groups = claims.get("scope", ""), claims.get("cognito:groups", [])
        if not isinstance(granted, str) or not isinstance(groups, list):
            raise _refused()
        named = frozenset(group for group in groups if isinstance(group, str))
        return Identity(actor, tenant_id, frozenset(granted.split()) | named)


def _is_name(actor: object) -> bool:
    return isinstance(actor, str) and 0 < len(actor) <= 256 and actor.isprintable()


def _moment(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim < 1e12:
        raise _refused()
    return float(claim)


def _refused() -> Problem:
    return unauthenticated("The token is not valid here.", "invalid_token")
