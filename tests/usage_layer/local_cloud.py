"""A bus and a queue behind a real socket, which do what a test tells them to go wrong with.

It speaks as much of EventBridge's and SQS's protocol as boto3 needs, so that the timeouts, the
connections and the retries under test are the real ones.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Answer:
    """A whole answer instead of the right one; the request may have had its effect."""

    status: int
    code: str
    took_effect: bool = False


@dataclass(frozen=True)
class Part:
    """The entries at these positions are not taken."""

    positions: frozenset[int]
    code: str = "ThrottlingException"


@dataclass(frozen=True)
class Silence:
    """No answer until the test lets go; the request may have had its effect."""

    took_effect: bool = False


Fault = Answer | Part | Silence


@dataclass
class Cloud:
    """What a test sees: what was taken, how often it was asked, and what is to go wrong."""

    bus: list[str] = field(default_factory=list)
    queue: list[str] = field(default_factory=list)
    entries: list[dict[str, str]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    bus_faults: deque[Fault] = field(default_factory=deque)
    queue_faults: deque[Fault] = field(default_factory=deque)
    let_go: threading.Event = field(default_factory=threading.Event)

    def events(self) -> list[dict]:
        """The events on the bus, then those in the queue, each as often as it is there."""
        return [event for detail in self.bus + self.queue for event in json.loads(detail)["events"]]

    def on_the_bus(self) -> list[dict]:
        """The events, each with the producer that its pack names."""
        details = map(json.loads, self.bus)
        return [
            {"producer": detail["producer"]} | event
            for detail in details
            for event in detail["events"]
        ]

    def answer(self, operation: str, asked: dict) -> tuple[int, dict]:
        """What the cloud says to a request. Errors: `ConnectionAbortedError` for silence."""
        if operation == "AWSEvents.PutEvents":
            self.entries += asked["Entries"]
            return self._answer(
                [each["Detail"] for each in asked["Entries"]], self.bus, self.bus_faults, _put
            )
        assert operation == "AmazonSQS.SendMessageBatch", operation
        bodies = [each["MessageBody"] for each in asked["Entries"]]
        return self._answer(bodies, self.queue, self.queue_faults, _queued)

    def _answer(self, texts, place, faults, say):
        self.calls.append(texts)
        fault = faults.popleft() if faults else None
        failed = fault.positions if isinstance(fault, Part) else frozenset()
        if fault is None or isinstance(fault, Part) or fault.took_effect:
            place += [text for i, text in enumerate(texts) if i not in failed]
        if isinstance(fault, Silence):
            self.let_go.wait(60)
            raise ConnectionAbortedError
        if isinstance(fault, Answer):
            return fault.status, {"__type": fault.code, "message": "told nobody"}
        return 200, say(len(texts), failed, fault.code if fault else "")


def _put(number, failed, code):
    entries = [{"ErrorCode": code} if i in failed else {"EventId": str(i)} for i in range(number)]
    return {"FailedEntryCount": len(failed), "Entries": entries}


def _queued(number, failed, code):
    taken = [
        {"Id": str(i), "MessageId": f"m{i}", "MD5OfMessageBody": ""}
        for i in range(number)
        if i not in failed
    ]
    return {
        "Successful": taken,
        "Failed": [{"Id": str(i), "Code": code, "SenderFault": False} for i in failed],
    }


class Server(ThreadingHTTPServer):
    """The socket. Each test has a cloud of its own behind it, at an address of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.clouds: list[Cloud] = []

    def new_cloud(self) -> tuple[Cloud, str]:
        """A cloud and where it is; what a test before left on its way does not come there."""
        self.clouds.append(Cloud())
        address = f"http://127.0.0.1:{self.server_address[1]}/{len(self.clouds) - 1}"
        return self.clouds[-1], address


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            cloud = self.server.clouds[int(self.path.split("/")[1])]
            status, told = cloud.answer(self.headers["X-Amz-Target"], asked)
        except ConnectionAbortedError:
            self.close_connection = True
            return
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
