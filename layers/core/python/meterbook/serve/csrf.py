"""A form counts only when it was sent from a page of ours, in the session of who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from meterbook.canonical import sha256
from meterbook.serve.problems import Problem
from meterbook.serve.signing import is_mark, mark

FIELD = "csrf"
HEADER = "x-csrf-token"


def csrf_token(key: bytes, session: str) -> str:
    """The mark that a page of this session puts into its forms."""
    return mark(key, "csrf", sha256(session)) if session else ""


def check_origin(headers: Mapping[str, str], public_url: str) -> None:
    """Refuse what a page of another site sends. Errors: `Problem` 403.

    The browser itself says where a request comes from, and no page can change that. `Host` counts
    where no public address is known: behind a CDN it names another host.
    """
    ours = urlsplit(public_url).netloc or headers.get("host", "")
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _refused()
    if "origin" in headers and urlsplit(headers["origin"]).netloc != ours:
        raise _refused()


def check_csrf(key: bytes, session: str, token: str) -> None:
    """Refuse a write in a session that its own page did not send. Errors: `Problem` 403."""
    if not session or not is_mark(token, key, "csrf", sha256(session)):
        raise _refused()


def _refused() -> Problem:
    return Problem(403, "CSRF_REFUSED", "This did not come from a page of ours: load it anew.")
