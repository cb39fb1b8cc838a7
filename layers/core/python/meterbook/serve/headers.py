"""What every answer carries besides its body: what a browser may do with it, and keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from meterbook.canonical import sha256

PRIVATE = "private, no-cache"
"""Kept by the reader alone, and asked for again each time (which a 304 answers)."""
NEVER = "no-store"
FOR_EVER = "public, max-age=31536000, immutable"
"""For files that are named by their content."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SEALED = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""For a file that somebody handed in, such as a logo: opened by itself, it can do nothing."""

_ALWAYS: Mapping[str, str] = MappingProxyType({
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: with that a browser says `Origin: null` when it posts a form of ours.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "vary": "accept-encoding, authorization, cookie",
})  # fmt: skip
_OVER_TLS = {"strict-transport-security": "max-age=63072000; includeSubDomains"}


def with_security(headers: Mapping[str, str], *, over_tls: bool) -> dict[str, str]:
    """The headers of an answer; what it says itself stands over what all say."""
    return {**_ALWAYS, **(_OVER_TLS if over_tls else {}), "cache-control": NEVER, **headers}


def etag_of(body: bytes | str) -> str:
    """A tag that is the same exactly when the body is."""
    return f'"{sha256(body)[:32]}"'


def packed_etag(etag: str) -> str:
    """The tag of the same body in gzip, which is another sequence of bytes."""
    return f'{etag[:-1]}-gz"'


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the asker takes a body in gzip (RFC 9110, 12.5.3)."""
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def is_known(etag: str, if_none_match: str) -> bool:
    """Whether the asker says that it has this very body (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or tags == ["*"]
