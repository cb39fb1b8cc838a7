"""A key in a file that signs the register of one machine."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from meterbook.errors import WorkspaceDamaged

_BITS = 3072


@dataclass(frozen=True)
class LocalSigner:
    """A `Signer` whose key is a PEM file that only its owner reads, made when first needed."""

    path: Path

    @property
    def is_made(self) -> bool:
        """Whether there is a key yet."""
        return self.path.exists()

    def public_key(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, in DER."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """PKCS#1 v1.5 over SHA-256. Errors: `WorkspaceDamaged` for a file that holds no key."""
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    @cached_property
    def _public_key(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        if not self.is_made:
            _make(self.path)
        try:
            key = serialization.load_pem_private_key(self.path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise _damaged(self.path, "it holds no private key in PEM") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != _BITS:
            raise _damaged(self.path, f"its key is not one of RSA with {_BITS} bits")
        return key


def _make(path: Path) -> None:
    """Write a new key whole or not at all; nobody but the owner ever reads the file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    # Of two that make a key at once one wins, and both sign with that one.
    with suppress(FileExistsError):
        os.link(beside, path)
    beside.unlink()


def _damaged(path: Path, detail: str) -> WorkspaceDamaged:
    return WorkspaceDamaged(
        file=path,
        detail=detail,
        hint="Bring the key back from a copy. A new one is made when the file is gone: what the "
        "old one has signed stays good for all who know its id.",
    )
