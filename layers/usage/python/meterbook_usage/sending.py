"""The ways out, one after the other: the bus, the spill queue, the log. Never back to the host.

Events leave on a thread, so that no name server and no slow socket can hold the host longer than
its deadline. It stays, because to start one costs as much as a hundred events. All that leaves
twice has the same ids.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from queue import SimpleQueue
from typing import Any, NamedTuple

from meterbook_usage.log import quietly, say_spilled, say_unsent
from meterbook_usage.packing import DETAIL_TYPE, Pack, call_of
from meterbook_usage.settings import Settings

# Parts of the deadline. A call that is begun in time and runs into both of its timeouts, to
# connect and to read, ends in time: 0.4 + 0.2 + 0.2 for the bus, then 0.1 + 0.1 for the queue.
_BUS_UNTIL, _BUS_TIMEOUT = 0.4, 0.2
_QUEUE_UNTIL, _QUEUE_TIMEOUT = 0.8, 0.1
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 0.4

_TRY_AGAIN = {
    "InternalException", "InternalFailure", "InternalServerError", "LimitExceededException",
    "RequestLimitExceeded", "RequestThrottled", "RequestTimeout", "ServiceUnavailable",
    "Throttling", "ThrottlingException", "TooManyRequestsException",
}  # fmt: skip

# Botocore's two roots of what goes wrong between a request and its answer.
_OF_THE_WIRE = {"ConnectionError", "HTTPClientError"}

_making = threading.Lock()  # a session makes one client at a time


class Fault(NamedTuple):
    """Why a pack was not taken, and whether it may be taken when it is sent again."""

    code: str
    again: bool


Send = Callable[[Sequence[Pack]], list[Fault | None]]
Pause = Callable[[float], None]


class Destinations:
    """Where the settings say that packs go; the clients are made when they are first needed."""

    def __init__(
        self, settings: Settings, new_client: Callable[[str, float], Any] | None = None
    ) -> None:
        self._settings = settings
        self._new_client = new_client or _new_client
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def to_bus(self, call: Sequence[Pack]) -> list[Fault | None]:
        """Put a call of packs on the bus."""
        entry = {
            "EventBusName": self._settings.bus,
            "Source": self._settings.source,
            "DetailType": DETAIL_TYPE,
        }
        entries = [{**entry, "Detail": each.detail} for each in call]
        told = self._client("events", _BUS_TIMEOUT).put_events(Entries=entries)["Entries"]
        codes = [each.get("ErrorCode") for _, each in zip(call, told, strict=True)]
        return [Fault(code, code in _TRY_AGAIN) if code else None for code in codes]

    def to_queue(self, call: Sequence[Pack]) -> list[Fault | None]:
        """Put a call of packs into the spill queue, each a message that holds the detail."""
        entries = [{"Id": str(i), "MessageBody": each.detail} for i, each in enumerate(call)]
        told = self._client("sqs", _QUEUE_TIMEOUT).send_message_batch(
            QueueUrl=self._settings.spill_queue, Entries=entries
        )
        failed = {
            each["Id"]: Fault(each["Code"], not each["SenderFault"])
            for each in told.get("Failed", ())
        }
        return [failed.get(entry["Id"]) for entry in entries]

    def _client(self, service: str, part: float) -> Any:  # noqa: ANN401 - boto3 is untyped
        with self._lock:
            if service not in self._clients:
                timeout_seconds = part * self._settings.deadline_seconds
                self._clients[service] = self._new_client(service, timeout_seconds)
            return self._clients[service]


class Sending:
    """Packs on their way. It ends by itself within the deadline, unless the machine is stuck."""

    def __init__(
        self, packs: list[Pack], settings: Settings, to: Destinations, pause: Pause
    ) -> None:
        self._left, self._settings, self._to, self._pause = packs, settings, to, pause
        self._reason = "not_configured"
        self._under_way, self._given_up = threading.Lock(), threading.Lock()
        self._under_way.acquire()

    @quietly
    def run(self) -> None:
        """Send to the bus, what is left to the queue, and write down what is left then."""
        begun = time.monotonic()
        deadline = self._settings.deadline_seconds
        if self._settings.bus:
            self._send(self._to.to_bus, begun + _BUS_UNTIL * deadline)
        if self._left and self._settings.spill_queue:
            before, reason = len(self._left), self._reason
            self._send(self._to.to_queue, begun + _QUEUE_UNTIL * deadline)
            if spilled := before - len(self._left):
                say_spilled(spilled, reason)
        self._give_up()

    def end(self, reason: str = "") -> None:
        """Nobody carries it any more; what is left then is written down by who waits for it."""
        self._reason = reason or self._reason
        self._under_way.release()

    def wait(self, until: float) -> None:
        """Wait for the end, and write down what is left when it does not come in time."""
        ended = self._under_way.acquire(timeout=max(0.0, until - time.monotonic()))
        self._give_up("" if ended else "deadline")

    def _give_up(self, reason: str = "") -> None:
        """Write down what is left, once, whoever finds it left."""
        if self._given_up.acquire(blocking=False):
            say_unsent([each.detail for each in self._left], reason or self._reason)

    def _send(self, send: Send, until: float) -> None:
        """Send what is left, until it is gone, or time or hope is."""
        waiting, hopeless, turn = deque(self._left), list[Pack](), 0
        while waiting and time.monotonic() < until:
            call = call_of(waiting)
            faults = _attempt(send, call)
            for each, fault in zip(call, faults, strict=True):
                if fault:
                    self._reason = fault.code
                    (waiting if fault.again else hopeless).append(each)
            self._left = [*hopeless, *waiting]
            if any(faults) and waiting:
                self._pause(_pause_seconds(turn, until))
                turn += 1


class Courier(threading.Thread):
    """A thread that carries one sending after the other, and says when it is idle."""

    def __init__(self, idle: deque[Courier]) -> None:
        super().__init__(name="meterbook-usage", daemon=True)
        self._idle = idle
        self._given: SimpleQueue[Sending] = SimpleQueue()

    def carry(self, sending: Sending) -> None:
        """Take a sending over."""
        self._given.put(sending)

    def run(self) -> None:
        """Carry what is given, for ever; a process does not wait for it to end."""
        while True:
            sending = self._given.get()
            sending.run()
            self._idle.append(self)
            sending.end()


def _attempt(send: Send, call: Sequence[Pack]) -> list[Fault | None]:
    """What became of each pack of a call; a call that fails whole fails for each."""
    try:
        return send(call)
    except Exception as error:  # whatever it is, it is not the host's
        return [_fault_of(error)] * len(call)


def _fault_of(error: Exception) -> Fault:
    """The code of an error. Its text is left out, because it may quote what was sent."""
    told = getattr(error, "response", None) or {}
    code = str(told.get("Error", {}).get("Code") or type(error).__name__)
    status = told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Fault(code, code in _TRY_AGAIN or status >= 500 or _is_of_the_wire(error))


def _is_of_the_wire(error: Exception) -> bool:
    """Whether a request met no answer; known by name, because boto3 itself may be missing."""
    return not _OF_THE_WIRE.isdisjoint(each.__name__ for each in type(error).__mro__)


def _pause_seconds(turn: int, until: float) -> float:
    """A random part of a pause that doubles, so that hosts do not come back all at once."""
    longest = min(_PAUSE_SECONDS * 2.0**turn, _LONGEST_PAUSE_SECONDS, until - time.monotonic())
    return max(0.0, longest) * int.from_bytes(os.urandom(4)) / 2**32


def _new_client(service: str, timeout_seconds: float) -> Any:  # noqa: ANN401
    """A client that repeats nothing by itself and waits for nothing longer than it may."""
    from botocore.config import Config  # noqa: PLC0415 - a host that records nothing never pays

    config = Config(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=50,
        # A third of what a call costs the host is checking what we wrote and describing the host.
        parameter_validation=False,
        user_agent="meterbook-usage",
    )
    with _making:
        return _session().client(service, config=config)


@cache
def _session() -> Any:  # noqa: ANN401
    """A session of our own: the host's may be in use by another thread."""
    import boto3  # noqa: PLC0415

    return boto3.session.Session()
