"""What a process has recorded and not yet sent, numbered without a gap."""

from __future__ import annotations

import os
import threading
from itertools import count
from typing import NamedTuple

from meterbook_usage.packing import longest_event_bytes
from meterbook_usage.texts import Refused
from meterbook_usage.trigger import Trigger
from meterbook_usage.work import Work


class Recorded(NamedTuple):
    """Events that leave together. The numbers count those that were refused; `events` does not."""

    producer: str
    first: int
    last: int
    events: list[str]


class Recording:
    """A process between its start and its end, which is what a producer is.

    A snapshot or a fork copies a process: a copy needs a recording of its own, made after it.
    To record takes no lock: a number is drawn and a text appended in one step of the interpreter.
    """

    def __init__(self, function: str, bus_source: str) -> None:
        self.producer = f"{function}/{os.urandom(8).hex()}"
        self.life = Work(Trigger(f"process:{self.producer}"))
        # An event is numbered before it is looked at, so that one that is refused is missed.
        self.numbers = count(1)
        self.waiting_bytes = 0  # roughly, when threads record
        self._event_bytes = longest_event_bytes(bus_source, self.producer)
        self._events: list[str] = []
        self._taken = self._refused = 0
        self._lock = threading.Lock()

    def keep(self, text: str) -> None:
        """Keep an event. Errors: `Refused` when it is larger than an entry may be."""
        size = len(text)
        if size > self._event_bytes:
            raise Refused("too_large")
        self._events.append(text)
        self.waiting_bytes += size

    def refuse(self) -> None:
        """Count an event that has a number and cannot travel."""
        with self._lock:
            self._refused += 1

    def take(self) -> Recorded | None:
        """Take all that waits, None when nothing was recorded since."""
        with self._lock:
            events = self._events[:]
            del self._events[: len(events)]  # not all: a thread may just have appended another
            number, self._refused = len(events) + self._refused, 0
            self.waiting_bytes = 0
            if not number:
                return None
            first, self._taken = self._taken + 1, self._taken + number
            return Recorded(self.producer, first, self._taken, events)
