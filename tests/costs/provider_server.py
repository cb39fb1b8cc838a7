"""A provider of costs on this machine: a server that answers as a test has written it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is said to one request; `lost_bytes` are promised and not sent, None promises nothing."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lost_bytes: int | None = 0
    wait_seconds: float = 0


def told(**answer: Any) -> Answer:
    """An answer in JSON, in which numbers stand as they are written."""
    return Answer(json.dumps(answer).encode())


@dataclass
class Provider:
    """Answers by path, in order, the last one again and again; `asked` is what came in."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def answer(self, target: str, headers: dict[str, str]) -> Answer:
        self.asked.append((target, headers))
        answers = self.answers.get(target.partition("?")[0], [Answer(status=404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def serving() -> Iterator[Provider]:
    """A provider that listens until the test is over."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = provider.answer(self.path, dict(self.headers))
            time.sleep(answer.wait_seconds)
            self.send_response(answer.status)
            if answer.lost_bytes is not None:
                self.send_header("Content-Length", str(len(answer.body) + answer.lost_bytes))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that did not wait is no error of the server."""

    with Server(("127.0.0.1", 0), Handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(5)
