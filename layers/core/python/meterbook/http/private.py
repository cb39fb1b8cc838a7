"""What is fetched from who signs people in: by HTTPS, whole, short, and from nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import parse_url

from meterbook.errors import SignInUnavailable

LONGEST_BYTES = 64 * 1024
TIMEOUT = Timeout(connect=2, read=5)
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def asked_json(
    http: PoolManager, method: str, url: str, form: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON object of one answer; a redirect is an answer and is not followed.

    Nothing of what was sent or answered is repeated in an error. Errors: `SignInUnavailable`.
    """
    if not is_private(url):
        raise SignInUnavailable(url=url, detail="the address is not https")
    try:
        with http.request(
            method, url, body=urlencode(form) if form else None, headers=_HEADERS if form else None,
            redirect=False, retries=False, timeout=TIMEOUT, preload_content=False,
        ) as answer:  # fmt: skip
            status, body = answer.status, answer.read(LONGEST_BYTES + 1)
    except HTTPError as error:
        raise SignInUnavailable(url=url, detail=type(error).__name__) from error
    if len(body) > LONGEST_BYTES:
        raise SignInUnavailable(url=url, detail=f"it is longer than {LONGEST_BYTES:,} bytes")
    return status, _object(url, body)


def is_private(url: str) -> bool:
    """HTTPS, except to this machine itself."""
    try:
        found = parse_url(url)
    except LocationParseError:
        return False
    return found.scheme == "https" or (found.scheme == "http" and found.host in LOOPBACK)


def _object(url: str, body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SignInUnavailable(url=url, detail="it is no JSON object")
    return found
