"""A folder that stands in for a bucket: objects written once, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from meterbook.errors import InputRefused
from meterbook.identifier import is_object_key, object_key
from meterbook.ports import Stored


class FolderStore:
    """An `ObjectStore` below one folder; a key is the path of its file, so the folder can be moved.

    A body is written to a hidden file beside its place, synced, then linked to its name: the link
    fails when the name is taken, and that decides between two writers. A crash leaves at most the
    hidden file, which is no object.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write the object unless the key exists. Errors: `InputRefused` for a hostile key."""
        target = self._path(key)
        self._make_folder(target.parent, key)
        written = not target.is_file() and _link_new(target, body)
        if not written and not target.is_file():
            raise InputRefused(detail=f"{key!r} cannot be stored: other keys lie below it.")
        # A writer that came too late builds on the object too, so it also waits for the disk.
        _sync_folder(target.parent)
        return written

    def get(self, key: str) -> bytes:
        """The object's bytes. Errors: `KeyError` when there is none."""
        return self.read(key).body

    def read(self, key: str) -> Stored:
        """The object's bytes with the time of their writing."""
        try:
            with self._path(key).open("rb") as file:
                written_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                return Stored(file.read(), written_at)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise KeyError(key) from None

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes."""
        folder = prefix.rpartition("/")[0]
        if folder and not is_object_key(folder):
            return iter(())  # no object can have such a key
        found = (key for key in self._walk(self.root / folder) if key.startswith(prefix))
        return iter(sorted(found, key=os.fsencode))

    def _walk(self, folder: Path) -> Iterator[str]:
        for place, _, names in os.walk(folder):
            shown = Path(place).relative_to(self.root)
            yield from ((shown / name).as_posix() for name in names if not name.startswith("."))

    def _path(self, key: str) -> Path:
        return self.root / object_key(key)

    def _make_folder(self, folder: Path, key: str) -> None:
        if folder.is_dir():
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputRefused(
                detail=f"{key!r} cannot be stored: a part of its path is a key itself."
            ) from None
        while folder != self.root.parent:
            _sync_folder(folder)
            folder = folder.parent


def _link_new(target: Path, body: bytes) -> bool:
    beside = target.with_name(f".{uuid4().hex}.partial")
    try:
        with beside.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, target)
    except FileExistsError:
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
