"""A file that stands in for an event bus: one announcement a line, in the order of publication."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC
from pathlib import Path
from typing import BinaryIO

from meterbook.canonical import canonical_json
from meterbook.errors import PublishFailed
from meterbook.ports import Announcement


class Outbox:
    """An `EventBus` that appends to a file of JSON lines and syncs each one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def publish(self, event: Announcement) -> None:
        """Append the event. Errors: `PublishFailed` when the disk does not take it."""
        try:
            self._append(canonical_json(_envelope(event)).encode() + b"\n")
        except OSError as error:
            raise PublishFailed(bus=self.path.name, detail=error.strerror or error) from error

    def published(self) -> list[dict[str, object]]:
        """The envelopes so far, without a line that a crash cut short: nobody was told of it."""
        text = self.path.read_bytes() if self.path.exists() else b""
        return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]

    def _append(self, line: bytes) -> None:
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two writers never cut each other's lines
            _cut_torn_line(file)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _cut_torn_line(file: BinaryIO) -> None:
    file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
    if file.read(1) not in (b"", b"\n"):
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _envelope(event: Announcement) -> dict[str, object]:
    return {
        "id": event.event_id,
        "source": event.source,
        "detail-type": event.detail_type,
        "time": event.time.astimezone(UTC),
        "detail": dict(event.detail),
    }
