"""The way through the hosted sign-in and back, in which no token ever stands in an address.

`/sign-in` sends the browser to who signs people in, with a state, a nonce and the challenge of a
verifier (PKCE). It comes back to `/sign-in/callback` with a code, which the server exchanges. The
token ends up in a cookie that no script can read. What the way back has to match waits in a cookie
of its own, marked by us and good for ten minutes.

Both cookies have to be SameSite=Lax: with Strict the page that follows the way back, which another
site's redirect asks for, would not get them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from meterbook.canonical import canonical_json
from meterbook.errors import SignInRefused
from meterbook.ports import Clock, TokenEndpoint
from meterbook.serve.asked import Cookie
from meterbook.serve.signing import as_bytes, as_text, is_mark, mark

CALLBACK = "/sign-in/callback"
LASTS = timedelta(minutes=10)
_LONGEST_PATH = 512


@dataclass(frozen=True, slots=True)
class Move:
    """Where the browser goes next, and the cookies that it takes along."""

    location: str
    cookies: tuple[Cookie, ...]


@dataclass(frozen=True, slots=True)
class SignInPlace:
    """Who signs people in, and who we are there."""

    sign_in_url: str
    client_id: str
    public_url: str
    cookie: str = "__Host-meterbook"

    @property
    def redirect_uri(self) -> str:
        """Where the browser comes back to; the app client names it letter for letter."""
        return self.public_url + CALLBACK


@dataclass(frozen=True, slots=True)
class SignIn:
    """The three steps: there, back, out. `fresh` gives 43 letters that nobody can guess.

    `verify` raises for a token that would not be good with every other request, too.
    """

    place: SignInPlace
    tokens: TokenEndpoint
    verify: Callable[[str], object]
    secret: bytes
    fresh: Callable[[], str]
    clock: Clock

    def start(self, return_to: str = "/") -> Move:
        """There; afterwards the browser is brought to `return_to`, a path of ours."""
        waiting = {name: self.fresh() for name in ("state", "nonce", "verifier")}
        asked = {
            "response_type": "code",
            "client_id": self.place.client_id,
            "redirect_uri": self.place.redirect_uri,
            "scope": "openid",
            "state": waiting["state"],
            "nonce": waiting["nonce"],
            "code_challenge": as_text(hashlib.sha256(waiting["verifier"].encode()).digest()),
            "code_challenge_method": "S256",
        }
        kept = waiting | {"to": own_path(return_to), "at": self.clock.now().isoformat()}
        url = f"{self.place.sign_in_url}/oauth2/authorize?{urlencode(asked)}"
        return Move(url, (Cookie(self._waiting, self._marked(kept), LASTS.seconds),))

    def callback(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Move:
        """Back: the code becomes the cookie. Errors: `SignInRefused`, `SignInUnavailable`."""
        waiting = self._read(cookies.get(self._waiting, ""))
        if not hmac.compare_digest(waiting["state"].encode(), query.get("state", "").encode()):
            raise SignInRefused(detail="it was begun in another window, or by another site")
        if not query.get("code"):
            raise SignInRefused(detail="it was broken off")
        token = self.tokens.token(query["code"], waiting["verifier"], self.place.redirect_uri)
        self.verify(token)
        claims = _claims(token)
        if claims.get("nonce") != waiting["nonce"]:
            raise SignInRefused(detail="the token is that of another sign-in")
        left = max(0, int(claims["exp"]) - int(self.clock.now().timestamp()))
        given = Cookie(self.place.cookie, token, left)
        return Move(waiting["to"], (given, Cookie(self._waiting, "", 0)))

    def out(self) -> Move:
        """Out, here and at the hosted sign-in, which would let the browser in again by itself."""
        asked = {"client_id": self.place.client_id, "logout_uri": f"{self.place.public_url}/"}
        url = f"{self.place.sign_in_url}/logout?{urlencode(asked)}"
        return Move(url, (Cookie(self.place.cookie, "", 0),))

    @property
    def _waiting(self) -> str:
        return f"{self.place.cookie}-sign-in"

    def _marked(self, kept: Mapping[str, str]) -> str:
        body = as_text(canonical_json(dict(kept)).encode())
        return f"{body}.{mark(self.secret, 'sign-in', body)}"

    def _read(self, cookie: str) -> Mapping[str, str]:
        body, _, given = cookie.partition(".")
        if not is_mark(given, self.secret, "sign-in", body):
            raise SignInRefused(detail="it was not begun in this browser")
        kept: dict[str, str] = json.loads(as_bytes(body))
        if self.clock.now() - datetime.fromisoformat(kept["at"]) > LASTS:
            raise SignInRefused(detail="it has taken longer than ten minutes")
        return kept


def own_path(asked: str) -> str:
    """The path where it is one of ours, and the first page where it could lead anywhere else."""
    leads_out = asked[:1] != "/" or asked[:2] == "//" or asked.startswith("/sign-")
    sound = asked.isascii() and asked.isprintable() and "\\" not in asked
    return asked if sound and not leads_out and len(asked) <= _LONGEST_PATH else "/"


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says that has been verified."""
    claims: dict[str, Any] = json.loads(as_bytes(token.split(".")[1]))
    return claims
