"""Users who read pages, over connections that are kept: each asks when it has its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

HOST = "127.0.0.1"
USERS = 50


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the wire, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def wire_bytes(self) -> int:
        """Its size with its head."""
        lines = (f"{name}: {value}\r\n" for name, value in self.headers.items())
        return len(f"HTTP/1.1 {self.status} OK\r\n\r\n") + sum(map(len, lines)) + len(self.body)


def ask(port: int, path: str, headers: dict[str, str], form: dict[str, str] | None = None) -> Reply:
    """Ask once; a form is sent where one is given."""
    connection = HTTPConnection(HOST, port)
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            sent = {"content-type": "application/x-www-form-urlencoded", **headers}
            connection.request("POST", path, urlencode(form), sent)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, named, answer.read())
    finally:
        connection.close()


def signed_in(port: int, tenant_id: str) -> str:
    """The cookie of a session as a tenant."""
    told = ask(port, "/sign-in", {}, {"visitor": f"tenant:{tenant_id}"})
    return told.headers["set-cookie"].partition(";")[0]


def load(
    port: int, path: str, headers: dict[str, str], requests: int, users: int, core: int
) -> dict[str, Any]:
    """So many users ask so often between them, each as soon as it has its answer.

    Errors: `ValueError` for an answer other than the first one.
    """
    os.sched_setaffinity(0, {core})
    lines = {"host": f"{HOST}:{port}", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
    return asyncio.run(_load(port, request, requests, users))


async def _load(port: int, request: bytes, requests: int, users: int) -> dict[str, Any]:
    everybody = [await asyncio.open_connection(HOST, port, limit=2**20) for _ in range(users)]
    left, took = iter(range(requests)), list[float]()
    try:
        expected = await _asked(*everybody[0], request)
        begun = perf_counter()
        await asyncio.gather(*(_user(*one, request, expected, left, took) for one in everybody))
        seconds = perf_counter() - begun
    finally:
        for _, writer in everybody:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in everybody))
    took.sort()
    return {
        "p50": took[len(took) // 2] * 1e3,
        "p99": took[len(took) * 99 // 100] * 1e3,
        "rate": requests / seconds,
    }


async def _user(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, expected: bytes,
    left: Iterator[int], took: list[float],
) -> None:  # fmt: skip
    for _ in left:
        begun = perf_counter()
        body = await _asked(reader, writer, request)
        took.append(perf_counter() - begun)
        if body != expected:
            raise ValueError("the server has answered the same question in two ways")


async def _asked(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200 "):
        raise ValueError(head.decode("latin-1"))
    size = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(size))
