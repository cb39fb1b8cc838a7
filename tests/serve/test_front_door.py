"""The front door of `serve`: this machine only, our own pages only, and a log without secrets."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import jwt
import pytest
from meterbook.errors import NotLoopback, WorkspaceBusy, WorkspaceDamaged
from meterbook_local.clock import FixedClock
from meterbook_local.front_door import FrontDoor, Visitor, is_loopback, is_ours, listening
from meterbook_local.gateway import event_of
from meterbook_local.local_issuer import AUDIENCE, ISSUER, LocalIssuer, web_secret

CLOCK = FixedClock(datetime(2026, 12, 15, 8, tzinfo=UTC))
ADA = Visitor("ada", "Ada", "ada@localhost", {"custom:tenant_id": "ada"}, "/")


class Files:
    """Two links: one that is good, and all others."""

    def opened(self, token: str) -> tuple[bytes, str]:
        return {"good.mark": (b"%PDF-", "NL-1.pdf")}[token]


def named(side: str):
    return lambda event: {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "cookies": ["a=1", "b=2"],
        "body": json.dumps({"side": side, "event": event}),
    }


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def door(tmp_path: Path, log: list[str]) -> FrontDoor:
    return FrontDoor(
        named("tenant"), named("finance"), LocalIssuer(tmp_path / "issuer.key", CLOCK), Files(),
        lambda: [ADA], lambda visitors: f"<p>{[one.name for one in visitors]}", CLOCK, log.append,
    )  # fmt: skip


def environ(path: str, method: str = "GET", body: bytes = b"", **more: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8080", "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)),
    } | more  # fmt: skip


def ask(door: FrontDoor, path: str, **more: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    said: list[Any] = []
    body = door(environ(path, **more), lambda status, headers: said.extend((status, headers)))
    return int(said[0][:3]), said[1], b"".join(body)


@pytest.mark.parametrize(
    ("path", "side"),
    [
        ("/", "tenant"), ("/v1/usage", "tenant"), ("/v1/usage/events", "tenant"), ("/financed", "tenant"),
        ("/finance", "finance"), ("/finance/close/2026-10", "finance"), ("/v1/allocation", "finance"),
        ("/v1/tenants", "finance"), ("/v1/periods/2026-10/close", "finance"), ("/v1/unattributed", "finance"),
    ],
)  # fmt: skip
def test_each_address_is_answered_by_the_app_that_has_it(
    door: FrontDoor, path: str, side: str
) -> None:
    status, headers, body = ask(door, path)
    assert (status, json.loads(body)["side"]) == (200, side)
    assert [value for name, value in headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_an_app_gets_the_event_that_the_gateway_would_send(door: FrontDoor) -> None:
    more = {
        "QUERY_STRING": "day=1&day=2&q=%C3%A4", "HTTP_COOKIE": "meterbook=t; x=1", "HTTP_ACCEPT": "*/*",
        "CONTENT_TYPE": "application/json", "HTTP_USER_AGENT": "test",
    }  # fmt: skip
    path = "/v1/b\u00e4r".encode().decode("latin-1")
    _, _, body = ask(door, path, method="POST", body=b'{"a": "1"}', **more)
    event = json.loads(body)["event"]
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v1/bär",
        "rawQueryString": "day=1&day=2&q=%C3%A4",
        "queryStringParameters": {"day": "1,2", "q": "ä"},
        "cookies": ["meterbook=t", "x=1"],
        "headers": {
            "accept": "*/*", "content-length": "10", "content-type": "application/json",
            "host": "127.0.0.1:8080", "user-agent": "test",
        },
        "body": '{"a": "1"}',
        "isBase64Encoded": False,
        "requestContext": {
            "accountId": "anonymous", "apiId": "local", "domainName": "127.0.0.1:8080", "domainPrefix": "127",
            "http": {
                "method": "POST", "path": "/v1/bär", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "test",
            },
            "requestId": "local-000001", "routeKey": "$default", "stage": "$default",
            "time": "15/Dec/2026:08:00:00 +0000", "timeEpoch": 1797321600000,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("media_type", "body"), [("image/png", b"\x89PNG"), ("text/plain", b"\xff\xfe")]
)
def test_what_is_no_text_travels_as_base64(media_type: str, body: bytes) -> None:
    event = event_of(environ("/", "POST", body, CONTENT_TYPE=media_type), "1", CLOCK)
    assert event["isBase64Encoded"] is True
    assert b64decode(event["body"]) == body


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.8.8.8"]
)
def test_a_browser_that_asks_for_this_machine_is_answered(host: str) -> None:
    assert is_ours(host)


@pytest.mark.parametrize(
    "host", ["", "rebound.example", "127.0.0.1.example:80", "10.0.0.1", "localhost:80:80", "[::1", "0.0.0.0"]  # noqa: S104
)  # fmt: skip
def test_a_name_that_somebody_else_resolves_to_this_machine_is_not_it(
    door: FrontDoor, host: str
) -> None:
    assert not is_ours(host)
    assert ask(door, "/", HTTP_HOST=host)[0] == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "example.com"])  # noqa: S104
def test_it_listens_to_nobody_but_this_machine(door: FrontDoor, host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(NotLoopback, match="other machines"):
        listening(door, host, 0)


def test_whoever_signs_in_gets_a_token_that_the_workspaces_key_vouches_for(
    door: FrontDoor, tmp_path: Path
) -> None:
    status, headers, _ = ask(door, "/sign-in", method="POST", body=b"visitor=ada")
    cookie = dict(headers)["set-cookie"]
    assert (status, dict(headers)["location"]) == (303, "/")
    assert re.fullmatch(r"meterbook=\S+; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict", cookie)
    token = cookie.removeprefix("meterbook=").partition(";")[0]
    again = LocalIssuer(tmp_path / "issuer.key", CLOCK)
    key = jwt.PyJWK(dict(again.key(jwt.get_unverified_header(token)["kid"]))).key
    past = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, key, ["ES256"], audience=AUDIENCE, issuer=ISSUER, options=past)  # type: ignore[arg-type]
    assert (claims["sub"], claims["custom:tenant_id"]) == ("ada@localhost", "ada")
    assert claims["exp"] == int((CLOCK.moment + timedelta(hours=12)).timestamp())


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_ORIGIN": "http://rebound.example"},
        {"HTTP_ORIGIN": "null"},
    ],
)
def test_no_other_site_can_sign_a_browser_in(door: FrontDoor, headers: Mapping[str, str]) -> None:
    status, answered, _ = ask(door, "/sign-in", method="POST", body=b"visitor=ada", **headers)
    assert status == 403
    assert "set-cookie" not in dict(answered)


def test_nobody_signs_in_as_somebody_who_is_not_there(door: FrontDoor) -> None:
    assert ask(door, "/sign-in", method="POST", body=b"visitor=eve")[0] == 400
    assert ask(door, "/sign-in")[2] == b"<p>['Ada']"


def test_a_link_opens_its_file_and_a_forged_one_nothing(door: FrontDoor) -> None:
    status, headers, body = ask(door, "/files/good.mark")
    assert (status, body) == (200, b"%PDF-")
    assert dict(headers)["content-type"] == "application/pdf"
    assert dict(headers)["content-disposition"] == 'attachment; filename="NL-1.pdf"'
    assert ask(door, "/files/forged")[0] == 404


def test_the_log_says_what_was_asked_and_keeps_every_secret_out(
    door: FrontDoor, log: list[str]
) -> None:
    secret = {"QUERY_STRING": "cursor=SECRET", "HTTP_COOKIE": "meterbook=SECRET"}
    ask(door, "/v1/usage", HTTP_AUTHORIZATION="Bearer SECRET", **secret)
    ask(door, "/files/SECRET")
    assert [re.sub(r"\d+ (B|ms)", r"n \1", line) for line in log] == [
        "127.0.0.1 GET /v1/usage 200 n B n ms",
        "127.0.0.1 GET /files/… 404 n B n ms",
    ]


@pytest.mark.parametrize(
    "path", ["/\n127.0.0.1 GET /forged 200", "/\x1b[2J\x9b2J", "/files/SECRET\n"]
)
def test_no_page_writes_into_the_log_or_moves_the_terminal_that_shows_it(
    door: FrontDoor, log: list[str], path: str
) -> None:
    """Any site's picture can have such an address on this machine."""
    ask(door, path)
    (line,) = log
    assert line.isprintable() and line.replace("…", "").isascii()
    assert "SECRET" not in line


def test_a_workspace_that_another_command_holds_is_a_reason_to_come_back(
    door: FrontDoor, tmp_path: Path
) -> None:
    def busy(_: object) -> Any:
        raise WorkspaceBusy(workspace=tmp_path, holder="pid 7: meterbook ingest usage")

    held = FrontDoor(
        busy, busy, door.issuer, Files(), lambda: [], lambda _: "", CLOCK, lambda _: None
    )
    status, _, body = ask(held, "/finance")
    assert (status, b"meterbook ingest usage" in body) == (503, True)


def test_its_secrets_are_made_once_and_read_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.key"
    first = web_secret(path)
    assert (first, len(first)) == (web_secret(path), 32)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"no key")
    with pytest.raises(WorkspaceDamaged, match="signs in again"):
        LocalIssuer(path, CLOCK).token("ada", {})
