"""Stores and a bus that let something happen just before their n-th effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meterbook.ports import Announcement, EventBus, Mail, Mailer, ObjectStore


class Crash(BaseException):
    """The process is gone, whatever it would have caught."""


def crash() -> None:
    """What happens when the power fails."""
    raise Crash


@dataclass
class Disturbance:
    """Counts effects, and does its deed once, before effect number `before` (0 is the first)."""

    before: int
    deed: Callable[[], object] = crash
    effects: int = 0

    def step(self) -> None:
        due = self.effects == self.before
        self.effects += 1
        if due:
            self.deed()


@dataclass
class DisturbedStore:
    """An `ObjectStore` whose writes are effects."""

    store: ObjectStore
    disturbance: Disturbance

    def put_if_absent(self, key: str, body: bytes) -> bool:
        self.disturbance.step()
        return self.store.put_if_absent(key, body)

    def get(self, key: str) -> bytes:
        return self.store.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.store.keys(prefix)


@dataclass
class DisturbedBus:
    """An `EventBus` whose publications are effects."""

    bus: EventBus
    disturbance: Disturbance

    def publish(self, event: Announcement) -> None:
        self.disturbance.step()
        self.bus.publish(event)


@dataclass
class DisturbedMailer:
    """A `Mailer` whose messages are effects."""

    mailer: Mailer
    disturbance: Disturbance

    def send(self, mail: Mail) -> None:
        self.disturbance.step()
        self.mailer.send(mail)
