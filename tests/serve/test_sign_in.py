"""A sign-in comes back to the browser that began it, with a token of its own, or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from meterbook.errors import SignInRefused
from meterbook.serve.sign_in import Move, SignIn, SignInPlace, own_path

NOW = datetime(2026, 12, 5, 8, tzinfo=UTC)
PLACE = SignInPlace("https://meterbook.auth.example", "client", "https://usage.platform.example")
COOKIE, WAITING = PLACE.cookie, f"{PLACE.cookie}-sign-in"


def token(**claims: object) -> str:
    """What the hosted sign-in gives; whether it is signed is looked at elsewhere."""
    parts = ({"alg": "RS256"}, claims, {"of": "nobody"})
    texts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return ".".join(text.decode().rstrip("=") for text in texts)


@dataclass
class Hosted:
    """The hosted sign-in: it gives a token for the code, and notes what it was asked with."""

    token_of: Callable[[], str] = lambda: ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def token(self, code: str, verifier: str, redirect_uri: str) -> str:
        self.asked.append((code, verifier, redirect_uri))
        return self.token_of()


@dataclass
class Hand:
    """A clock that the test moves."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


class World:
    """One browser, one hosted sign-in, and us."""

    def __init__(self, *, good: bool = True) -> None:
        self.hosted, self.clock = Hosted(), Hand()
        numbers = count(1)

        def verify(token: str) -> None:
            if not good:
                raise SignInRefused(detail="its signature is not the issuer's")

        self.sign_in = SignIn(
            PLACE, self.hosted, verify, b"secret", lambda: f"fresh-{next(numbers)}", self.clock
        )
        self.cookies: dict[str, str] = {}

    def start(self, to: str = "/") -> dict[str, str]:
        """Go there; returns what the address says that the browser is sent to."""
        move = self.sign_in.start(to)
        self._keep(move)
        asked = {
            name: values[0] for name, values in parse_qs(urlsplit(move.location).query).items()
        }
        claims = {"nonce": asked["nonce"], "exp": int(NOW.timestamp()) + 3600}
        self.hosted.token_of = lambda: token(**claims)
        return asked

    def back(self, **query: str) -> Move:
        move = self.sign_in.callback(query, self.cookies)
        self._keep(move)
        return move

    def _keep(self, move: Move) -> None:
        for cookie in move.cookies:
            self.cookies[cookie.name] = cookie.value
            if not cookie.seconds:
                del self.cookies[cookie.name]


def test_the_browser_is_sent_with_a_state_a_nonce_and_a_challenge_and_no_secret() -> None:
    world = World()
    asked = world.start()
    assert asked["redirect_uri"] == "https://usage.platform.example/sign-in/callback"
    assert (asked["client_id"], asked["response_type"], asked["scope"]) == (
        "client",
        "code",
        "openid",
    )
    assert asked["code_challenge_method"] == "S256"
    world.back(code="code", state=asked["state"])
    ((_, verifier, _),) = world.hosted.asked
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
    assert asked["code_challenge"] == challenge.rstrip("=")
    assert verifier not in asked.values()


def test_the_way_back_ends_where_it_began_with_a_token_that_lasts_as_long_as_it_says() -> None:
    world = World()
    state = world.start("/metrics/api_calls?module=MOD-1")["state"]
    world.clock.moment += timedelta(minutes=2)
    move = world.back(code="code", state=state)
    assert move.location == "/metrics/api_calls?module=MOD-1"
    (given,) = [cookie for cookie in move.cookies if cookie.name == COOKIE]
    assert given.seconds == 3600 - 120
    assert world.cookies == {COOKIE: world.hosted.token_of()}


def test_a_way_back_serves_once() -> None:
    world = World()
    state = world.start()["state"]
    world.back(code="code", state=state)
    with pytest.raises(SignInRefused, match="not begun in this browser"):
        world.back(code="code", state=state)


@pytest.mark.parametrize("state", ["", "fresh-2", "another", "ü"])
def test_a_code_that_another_site_sends_is_not_exchanged(state: str) -> None:
    world = World()
    world.start()
    with pytest.raises(SignInRefused, match="by another site"):
        world.back(code="code", state=state)
    assert world.hosted.asked == []


def test_a_cookie_of_another_browser_or_of_ones_own_making_is_refused() -> None:
    mine, other = World(), World()
    mine.start()
    state = other.start()["state"]
    forged = base64.urlsafe_b64encode(json.dumps({"state": state}).encode()).decode()
    for cookie in ("", "x", ".", f"{forged}.", f"{forged}.{forged}", mine.cookies[WAITING][:-1]):
        mine.cookies[WAITING] = cookie
        with pytest.raises(SignInRefused, match="not begun in this browser"):
            mine.back(code="code", state=state)
    assert mine.hosted.asked == []


def test_who_takes_longer_than_ten_minutes_begins_again() -> None:
    world = World()
    state = world.start()["state"]
    world.clock.moment += timedelta(minutes=10, seconds=1)
    with pytest.raises(SignInRefused, match="ten minutes"):
        world.back(code="code", state=state)


def test_a_sign_in_that_was_broken_off_says_so_and_repeats_nothing_of_the_address() -> None:
    world = World()
    state = world.start()["state"]
    with pytest.raises(SignInRefused, match="broken off") as told:
        world.back(error="access_denied", error_description="<script>", state=state)
    assert "script" not in str(told.value)


def test_a_token_of_another_sign_in_gives_no_cookie() -> None:
    world = World()
    state = world.start()["state"]
    world.hosted.token_of = lambda: token(nonce="another", exp=int(NOW.timestamp()) + 3600)
    with pytest.raises(SignInRefused, match="another sign-in"):
        world.back(code="code", state=state)


def test_a_token_that_would_not_be_good_gives_no_cookie() -> None:
    world = World(good=False)
    state = world.start()["state"]
    with pytest.raises(SignInRefused):
        world.back(code="code", state=state)
    assert COOKIE not in world.cookies


def test_who_goes_out_is_out_at_the_hosted_sign_in_too() -> None:
    move = World().sign_in.out()
    assert move.location == (
        "https://meterbook.auth.example/logout?client_id=client"
        "&logout_uri=https%3A%2F%2Fusage.platform.example%2F"
    )
    assert [(one.name, one.value, one.seconds) for one in move.cookies] == [(COOKIE, "", 0)]


@pytest.mark.parametrize(
    "asked",
    [
        "", "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "evil",
        "/a\nb", "/ü", "/sign-in", "/sign-out", "/" + "x" * 512, " /", "/a\\b",
    ],
)  # fmt: skip
def test_nobody_is_led_out_of_the_house(asked: str) -> None:
    assert own_path(asked) == "/"


@pytest.mark.parametrize("asked", ["/", "/invoices/MB-1", "/?period=2026-10", "/a//b"])
def test_a_path_of_ours_is_kept(asked: str) -> None:
    assert own_path(asked) == asked
