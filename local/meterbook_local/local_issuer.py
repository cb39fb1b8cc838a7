"""Who signs tokens on one machine: an issuer of its own, with a key in the workspace."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from meterbook.errors import WorkspaceDamaged
from meterbook.ports import Clock

ISSUER = "urn:meterbook:local"
AUDIENCE = "meterbook"
LASTS = timedelta(hours=12)
_SECRET_BYTES = 32


@dataclass(frozen=True)
class LocalIssuer:
    """A `KeySource` of one ES256 key, in a file that only its owner reads, made when first needed.

    A token says no more than what whoever may open the workspace can read there anyway.
    """

    path: Path
    clock: Clock

    def key(self, kid: str) -> Mapping[str, Any]:
        """The public key as a JSON Web Key. Errors: `KeyError` for another id."""
        if kid != self._kid:
            raise KeyError(kid)
        return self._jwk

    def token(self, subject: str, claims: Mapping[str, str]) -> str:
        """A token for a subject, good for twelve hours."""
        now = int(self.clock.now().timestamp())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now}
        lasts = {"exp": now + int(LASTS.total_seconds())}
        headers = {"kid": self._kid}
        return jwt.encode({**claims, **said, **lasts}, self._key, "ES256", headers)

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        pem = kept_secret(self.path, _new_key)
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise WorkspaceDamaged(
                file=self.path,
                detail="it holds no private key of an elliptic curve",
                hint="Remove it: a new one is made, and everybody signs in again.",
            )
        return key

    @cached_property
    def _jwk(self) -> Mapping[str, Any]:
        jwk = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return {**jwk, "alg": "ES256", "use": "sig"}

    @cached_property
    def _kid(self) -> str:
        return hashlib.sha256(f"{self._jwk['x']}.{self._jwk['y']}".encode()).hexdigest()[:16]


def web_secret(path: Path) -> bytes:
    """What marks cursors and forms in a workspace, made when first needed."""
    return kept_secret(path, lambda: os.urandom(_SECRET_BYTES))


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file that only its owner reads; it is written whole or not at all."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(make())
        # Of two that make one at once one wins, and both use that one.
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    return path.read_bytes()


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
