"""What one process remembers of what it has read or made; the oldest unused goes first."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """A bounded memory that many threads may use; an entry weighs one, or what it is said to."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._held: OrderedDict[object, tuple[T, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: object) -> T | None:
        """What is remembered under a name, if it still is."""
        with self._lock:
            if (found := self._held.get(name)) is None:
                return None
            self._held.move_to_end(name)
            return found[0]

    def put(self, name: object, value: T, weight: int = 1) -> None:
        """Remember a value; one that fills more than a quarter of the room is not worth it."""
        if weight > max(1, self._room // 4):
            return
        with self._lock:
            self._used += weight - self._held.pop(name, (value, 0))[1]
            self._held[name] = (value, weight)
            while self._used > self._room:
                self._used -= self._held.popitem(last=False)[1][1]
