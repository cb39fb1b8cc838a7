"""The token endpoint of who signs people in (RFC 6749, with PKCE: RFC 7636)."""

from __future__ import annotations

from urllib3 import PoolManager

from meterbook.errors import SignInRefused, SignInUnavailable
from meterbook.http.private import asked_json

_OK, _SERVER_ERROR, _TOO_MANY_REQUESTS = 200, 500, 429


class HttpTokenEndpoint:
    """A `TokenEndpoint` of an app client that has no secret: the verifier is what proves us."""

    def __init__(self, url: str, client_id: str) -> None:
        self._url = url
        self._client_id = client_id
        self._http = PoolManager()

    def token(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code. Errors: `SignInRefused`, `SignInUnavailable`."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self._client_id,
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
        status, answer = asked_json(self._http, "POST", self._url, form)
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise SignInUnavailable(url=self._url, detail=f"it answered {status}")
        token = answer.get("id_token")
        if status != _OK or not isinstance(token, str):
            raise SignInRefused(detail="the code was used before, or is not ours")
        return token
