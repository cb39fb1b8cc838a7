"""One key for the whole run: making one takes a third of a second."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from meterbook_local.signer import LocalSigner


@cache
def signer() -> LocalSigner:
    """The signer whose key every test of this process shares."""
    return another_signer()


def another_signer() -> LocalSigner:
    """A signer with a key of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = LocalSigner(Path(folder) / "register.key")
        made.sign(b"")  # the key is read here, and needs no file from now on
        return made


def public_key_of(bits: int) -> bytes:
    """The public half of a new RSA key."""
    return (
        rsa.generate_private_key(65537, bits)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
