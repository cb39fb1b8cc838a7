"""The server of `meterbook serve`, in a thread of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread

from meterbook_cli.front import front_door_of
from meterbook_local.clock import FixedClock
from meterbook_local.front_door import FrontDoor, listening


@dataclass(frozen=True)
class Site:
    """Where it answers, what it is made from, and what its access log says."""

    url: str
    root: Path
    door: FrontDoor
    log: list[str]

    def signed_in(self, visitor: str) -> tuple[str, str]:
        """The token that signing in as a visitor gives, and the page that it leads to."""
        found = next(one for one in self.door.visitors() if one.id == visitor)
        return self.door.issuer.token(found.subject, found.claims), found.start


@contextmanager
def running(root: Path, now: datetime) -> Iterator[Site]:
    """Serve a workspace on a free port of loopback."""
    log: list[str] = []
    door = front_door_of(root, FixedClock(now), "meterbook", log.append)
    server = listening(door, "127.0.0.1", 0)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.effective_port}", root, door, log)
    finally:
        server.task_dispatcher.shutdown()
        server.close()
        thread.join(10)
