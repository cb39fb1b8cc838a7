"""The public keys of who signs the tokens, as the issuer shows them (RFC 7517).

Kept in memory. A key that nobody has heard of makes us look once more, and at most once a minute:
who sends invented key ids must not make us ask the issuer each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from urllib3 import PoolManager

from meterbook.errors import SignInUnavailable
from meterbook.http.private import asked_json
from meterbook.ports import Clock

_OK = 200
_AT_MOST_EVERY = timedelta(minutes=1)
_GOOD_FOR = timedelta(hours=6)  # a key that the issuer has withdrawn is forgotten by then


class HttpKeySource:
    """A `KeySource` of one issuer, below whose address `/.well-known/jwks.json` lies."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._url = f"{issuer.rstrip('/')}/.well-known/jwks.json"
        self._clock = clock
        self._http = PoolManager()
        self._keys: Mapping[str, Mapping[str, Any]] = {}
        self._asked_at: datetime | None = None
        self._lock = Lock()

    def key(self, kid: str) -> Mapping[str, Any]:
        """A key by its id. Errors: `KeyError`; `SignInUnavailable` while there are no keys yet."""
        with self._lock:
            age = self._age()
            if age is None or age >= _GOOD_FOR or (kid not in self._keys and age >= _AT_MOST_EVERY):
                self._ask()
            return self._keys[kid]

    def _age(self) -> timedelta | None:
        return self._clock.now() - self._asked_at if self._asked_at else None

    def _ask(self) -> None:
        """What the issuer shows now; where it does not answer, what it showed before holds on."""
        try:
            status, found = asked_json(self._http, "GET", self._url)
            if status != _OK:
                raise SignInUnavailable(url=self._url, detail=f"it answered {status}")
            self._keys = {one["kid"]: one for one in _keys(found)}
        except SignInUnavailable:
            if not self._keys:
                raise
        self._asked_at = self._clock.now()


def _keys(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every key that has an id; what else is listed serves nobody."""
    listed = found.get("keys")
    rows = listed if isinstance(listed, list) else []
    return [one for one in rows if isinstance(one, dict) and isinstance(one.get("kid"), str)]
