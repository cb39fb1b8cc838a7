"""Whatever goes wrong is told in one form, says what to mend, and gives nothing of ours away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from meterbook.serve.asked import LARGEST_BODY
from serve.written_desk import SECRET, Office

MEMBERS = {"type", "title", "status", "detail", "code", "instance"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("refused", 400, "INPUT_REFUSED"),
        ("guard", 409, "PERIOD_NOT_OVER"),
        ("absent", 404, "NOT_FOUND"),
        ("later", 503, "STORE_UNAVAILABLE"),
        ("ours", 500, "BOOK_INCONSISTENT"),
        ("bug", 500, "INTERNAL"),
    ],
)
def test_an_error_becomes_a_problem_that_tells_no_secret(
    office: Office, reason: str, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = office.post(reason)
    assert (said.status, said.json["code"]) == (status, code)
    assert said.headers["content-type"] == "application/problem+json"
    assert set(said.json) == MEMBERS
    assert said.json["status"] == status
    assert said.json["instance"] == "request-1"
    assert said.headers["cache-control"] == "no-store"
    assert SECRET not in said.text + json.dumps(dict(said.headers))
    # The log of the function has what the reader must not see, and only where it is ours to mend.
    assert (SECRET in caplog.text) is (status >= 500)


def test_a_refusal_says_the_remedy(office: Office) -> None:
    assert "--allow-open" in office.post("guard").json["detail"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/look/", 404),
        ("GET", "/v1/things/2026-13", 405),
        ("DELETE", "/v1/look", 405),
        ("POST", "/v1/look", 405),
        ("GET", "/v1/look?" + "x" * 5000, 414),
        ("GET", "/v1/" + "x" * 3000, 414),
        ("GET", "/v1/look?period", 400),
        ("GET", "/v1/look?period=", 400),
        ("GET", "/v1/look?period=2026-12&period=2026-11", 400),
        ("GET", "/v1/look?period=2026-1", 400),
        ("GET", "/v1/look?period=2026-12%0A", 400),
        ("GET", "/v1/look?period=%C3%28", 400),
        ("GET", "/v1/look?tenant_id=cedar", 400),
        ("GET", "/v1/look?" + "&".join(f"a{n}=1" for n in range(40)), 400),
    ],
)
def test_what_cannot_be_asked_is_a_problem(
    office: Office, method: str, address: str, status: int
) -> None:
    said = office.ask(method, address)
    assert said.status == status, said.text
    assert set(said.json) == MEMBERS
    if status == 405:
        assert said.headers["allow"] in ("GET", "POST")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b'{"reason": 1}', b'{"reason": "a", "reason": "b"}', b"\xff",
     b'{"reason": "' + b"x" * 21 + b'"}', b'{"reason": "a", "more": "b"}', b"[" * 100_000,
     b'{"reason": "a\\u0000b"}', b'{"reason": ""}'],
)  # fmt: skip
def test_a_body_of_another_form_is_refused_and_nothing_is_done(office: Office, body: bytes) -> None:
    assert office.ask("POST", "/v1/things/2026-12", body).status == 400
    assert office.desk.done == []


def test_a_body_of_another_kind_or_size_is_refused(office: Office) -> None:
    text = office.ask("POST", "/v1/things/2026-12", b"reason=a", content_type="text/plain")
    assert text.status == 415
    large = office.ask("POST", "/v1/things/2026-12", b" " * (LARGEST_BODY + 1))
    assert (large.status, office.desk.done) == (413, [])


def test_a_form_that_fails_is_a_page(office: Office) -> None:
    said = office.submit("reason=a")
    assert said.status == 403
    assert said.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("token", "status", "challenge"),
    [("", 401, 'Bearer realm="meterbook"'), ("x", 401, 'error="invalid_token"')],
)
def test_who_does_not_say_who_they_are_is_asked_to(
    office: Office, token: str, status: int, challenge: str
) -> None:
    said = office.ask("GET", "/v1/look", token=token)
    assert said.status == status
    assert challenge in said.headers["www-authenticate"]


def test_a_token_without_the_scope_or_of_a_tenant_is_not_let_in(office: Office) -> None:
    assert office.ask("GET", "/v1/look", token=office.token("admin:write")).status == 403
    of_tenant = office.token(**{"custom:tenant_id": "cedar"})
    assert office.ask("GET", "/v1/look", token=of_tenant).status == 403


def test_every_answer_says_what_a_browser_may_do_with_it(office: Office) -> None:
    for said in (office.ask("GET", "/v1/look"), office.ask("GET", "/v1/no"), office.submit("")):
        assert said.headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in said.headers["content-security-policy"]
        assert said.headers["x-content-type-options"] == "nosniff"
        assert "max-age=63072000" in said.headers["strict-transport-security"]
