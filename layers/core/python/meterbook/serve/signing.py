"""Marks that only this service can make: for cursors and for the forms of its pages."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from meterbook.canonical import canonical_json


def mark(key: bytes, purpose: str, said: object) -> str:
    """A mark of a JSON value under a key: one made for one purpose is none for another."""
    text = canonical_json([purpose, said])
    return as_text(hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256"))


def is_mark(given: str, key: bytes, purpose: str, said: object) -> bool:
    """Whether a mark is ours, told in the same time for all that are not."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), mark(key, purpose, said).encode())


def as_text(data: bytes) -> str:
    """Bytes in letters that stand in a URL as they are."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def as_bytes(text: str) -> bytes:
    """The bytes of such a text, of which there is one way to write it. Errors: `ValueError`."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if as_text(data) != text:
        raise ValueError(text)
    return data
