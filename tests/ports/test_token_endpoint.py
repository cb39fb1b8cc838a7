"""A code becomes a token by one request of the server; a code that is not good is said to be, no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from meterbook.errors import SignInRefused, SignInUnavailable
from meterbook.http.sign_in import HttpTokenEndpoint
from ports.issuer_server import Issuer, issuing

BACK = "https://usage.platform.example/sign-in/callback"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def exchanged(issuer: Issuer) -> str:
    return HttpTokenEndpoint(f"{issuer.url}/oauth2/token", "client").token("code", "verifier", BACK)


def test_the_code_is_exchanged_with_its_verifier(issuer: Issuer) -> None:
    issuer.says({"id_token": "a.b.c", "access_token": "not this one"})
    assert exchanged(issuer) == "a.b.c"
    assert issuer.asked == [
        ("/oauth2/token", {
            "grant_type": ["authorization_code"], "client_id": ["client"], "code": ["code"],
            "code_verifier": ["verifier"], "redirect_uri": [BACK],
        }),
    ]  # fmt: skip


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_code_that_is_not_good_is_refused_and_not_repeated(issuer: Issuer, status: int) -> None:
    issuer.says({"error": "invalid_grant", "error_description": "<script>"}, status)
    with pytest.raises(SignInRefused, match="Sign in again") as told:
        exchanged(issuer)
    assert "script" not in str(told.value)
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("answer", [{}, {"id_token": 7}, {"id_token": None}])
def test_an_answer_without_a_token_is_refused(issuer: Issuer, answer: object) -> None:
    issuer.says(answer)
    with pytest.raises(SignInRefused):
        exchanged(issuer)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_that_is_not_well_is_asked_another_time(issuer: Issuer, status: int) -> None:
    issuer.says({"error": "later"}, status)
    with pytest.raises(SignInUnavailable) as told:
        exchanged(issuer)
    assert told.value.retryable


def test_a_redirect_is_not_followed_with_the_code(issuer: Issuer) -> None:
    issuer.says({}, 307)
    issuer.headers["Location"] = f"{issuer.url}/elsewhere"
    with pytest.raises(SignInRefused):
        exchanged(issuer)
    assert len(issuer.asked) == 1
