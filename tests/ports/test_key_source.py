"""The issuer's keys are fetched once, looked for again at most once a minute, and never trusted blindly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from meterbook.errors import SignInUnavailable
from meterbook.http.jwks import HttpKeySource
from meterbook.http.private import LONGEST_BYTES
from ports.issuer_server import Issuer, issuing

FIRST = {"kid": "first", "kty": "RSA", "n": "…", "e": "AQAB"}
SECOND = {"kid": "second", "kty": "EC", "crv": "P-256", "x": "…", "y": "…"}


@dataclass
class Hand:
    """A clock that the test moves."""

    moment: datetime = datetime(2026, 12, 5, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        issuer.says({"keys": [FIRST]})
        yield issuer


def test_a_key_is_found_by_its_id_and_asked_for_once(issuer: Issuer) -> None:
    keys = HttpKeySource(f"{issuer.url}/pool/", Hand())
    assert keys.key("first") == keys.key("first") == FIRST
    assert [path for path, _ in issuer.asked] == ["/pool/.well-known/jwks.json"]


def test_a_key_that_nobody_knows_makes_us_look_again_once_a_minute(issuer: Issuer) -> None:
    clock = Hand()
    keys = HttpKeySource(issuer.url, clock)
    for _ in range(50):
        with pytest.raises(KeyError):
            keys.key("second")
    assert len(issuer.asked) == 1
    issuer.says({"keys": [FIRST, SECOND]})
    clock.passes(61)
    assert keys.key("second") == SECOND
    assert len(issuer.asked) == 2


def test_a_key_that_was_withdrawn_is_forgotten_within_hours(issuer: Issuer) -> None:
    clock = Hand()
    keys = HttpKeySource(issuer.url, clock)
    keys.key("first")
    issuer.says({"keys": [SECOND]})
    clock.passes(6 * 3600)
    with pytest.raises(KeyError):
        keys.key("first")


def test_while_the_issuer_is_silent_the_known_keys_hold(issuer: Issuer) -> None:
    clock = Hand()
    keys = HttpKeySource(issuer.url, clock)
    keys.key("first")
    issuer.says({}, status=503)
    clock.passes(7 * 3600)
    assert keys.key("first") == FIRST


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200), (b"<html>", 200), (b"[]", 200), (b"{}", 500), (b"{}", 302),
        (b'{"keys": "' + b"x" * LONGEST_BYTES + b'"}', 200),
    ],
)  # fmt: skip
def test_what_is_no_set_of_keys_is_no_answer(issuer: Issuer, body: bytes, status: int) -> None:
    issuer.body, issuer.status = body, status
    issuer.headers["Location"] = f"{issuer.url}/elsewhere"
    with pytest.raises(SignInUnavailable) as told:
        HttpKeySource(issuer.url, Hand()).key("first")
    assert told.value.retryable
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("listed", [None, "first", [None, "first", {"kty": "RSA"}, {"kid": 7}]])
def test_what_is_listed_and_is_no_key_serves_nobody(issuer: Issuer, listed: object) -> None:
    issuer.says({"keys": listed})
    with pytest.raises(KeyError):
        HttpKeySource(issuer.url, Hand()).key("first")


@pytest.mark.parametrize(
    "issuer_url",
    ["http://issuer.example/pool", "ftp://issuer.example", "issuer.example", "https://["],
)
def test_an_address_that_is_not_https_is_never_asked(issuer_url: str) -> None:
    with pytest.raises(SignInUnavailable, match="not https"):
        HttpKeySource(issuer_url, Hand()).key("first")
