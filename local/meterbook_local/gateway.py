"""One machine's gateway: a request as WSGI has it becomes the event that a function is called with.

The event is the payload 2.0 of an HTTP API, and so is what comes back: the same app answers here
and behind the real gateway.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from meterbook.ports import Clock

Event = dict[str, Any]
Environ = Mapping[str, Any]
Resolve = Callable[[Event], Mapping[str, Any]]
_TEXT = ("text/", "application/json", "application/x-www-form-urlencoded")


def event_of(environ: Environ, request_id: str, clock: Clock) -> Event:
    """The event of a request."""
    path, query = text_of(environ["PATH_INFO"]), environ.get("QUERY_STRING", "")
    headers = headers_of(environ)
    cookies = headers.pop("cookie", "")
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(environ, path, request_id, clock),
        **_body(environ, headers.get("content-type", "")),
    }
    if cookies:
        event["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if query:
        event["queryStringParameters"] = _joined(query)
    return event


def status_and_headers(answer: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """The head of what a function answered, as WSGI takes it."""
    headers = [(name, str(value)) for name, value in answer.get("headers", {}).items()]
    headers += [("set-cookie", cookie) for cookie in answer.get("cookies", [])]
    status = HTTPStatus(answer["statusCode"])
    return f"{status.value} {status.phrase}", headers


def body_of(answer: Mapping[str, Any]) -> bytes:
    """Its body, in bytes."""
    body = answer.get("body") or ""
    if isinstance(body, bytes):
        return body
    return b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()


def headers_of(environ: Environ) -> dict[str, str]:
    """The headers of a request by their names in lower case."""
    return dict(_headers(environ))


def _headers(environ: Environ) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[len("HTTP_") :].replace("_", "-").lower(), text_of(value)
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield name.replace("_", "-").lower(), value


def text_of(wsgi: str) -> str:
    """What WSGI holds as Latin-1, read as UTF-8; what is none shows where it is not."""
    return wsgi.encode("latin-1", "replace").decode("utf-8", "replace")


def _joined(query: str) -> dict[str, str]:
    """Each name once; the gateway joins several values with commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _context(environ: Environ, path: str, request_id: str, clock: Clock) -> Event:
    now = clock.now()
    host = environ.get("HTTP_HOST", "")
    return {
        "accountId": "anonymous",
        "apiId": "local",
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": environ.get("REMOTE_ADDR", ""),
            "userAgent": environ.get("HTTP_USER_AGENT", ""),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _body(environ: Environ, media_type: str) -> Event:
    """The body: text where the type says so and it is text, Base64 otherwise."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not body:
        return {"isBase64Encoded": False}
    if media_type.startswith(_TEXT):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": b64encode(body).decode(), "isBase64Encoded": True}
