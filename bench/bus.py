"""A bus that takes whatever is put on it and says what it took: the same for both sides of a pair.

It runs in a process of its own, so that its work is nobody's.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.ground import PROJECT

_taken: list[str] = []


class Bus(BaseHTTPRequestHandler):
    """PutEvents, and a GET that tells the digest of what was put and forgets it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take the entries."""
        entries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["Entries"]
        for entry in entries:
            _taken.extend(map(_said, _events(json.loads(entry["Detail"]))))
        self._answer({"FailedEntryCount": 0, "Entries": [{"EventId": "taken"}] * len(entries)})

    def do_GET(self) -> None:
        """Say what was taken since the last time."""
        taken, _taken[:] = sorted(_taken), []  # before the answer: what comes after it is new
        digest = hashlib.sha256("".join(taken).encode()).hexdigest()
        self._answer({"events": len(taken), "digest": digest})

    def _answer(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _events(detail: dict[str, Any]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = detail.get("events", [detail])
    return events


def _said(event: dict[str, Any]) -> str:
    """What an event says, whoever sent it; the ids that a sender gives are its own."""
    return f"{event['source']} {event['type']} {event['subject']} {event['data']}\n"


@contextmanager
def bus() -> Iterator[str]:
    """The address of a bus that runs until the context ends."""
    command = [sys.executable, "-m", "bench.bus"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Bus) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
