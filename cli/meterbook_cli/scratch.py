"""A copy of the book to try something on: whatever is done to it, the workspace stays as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from meterbook.book import Book
from meterbook.ports import ObjectStore
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.workspace import Workspace


class Overlay:
    """An `ObjectStore` over another one: shows what is there, keeps what is put in memory."""

    def __init__(self, below: ObjectStore) -> None:
        self._below = below
        self._own: dict[str, bytes] = {}

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Keep the object unless the key exists, here or below."""
        try:
            self.get(key)
        except KeyError:
            self._own[key] = body
            return True
        return False

    def get(self, key: str) -> bytes:
        """The object's bytes. Errors: `KeyError` when there is none."""
        return self._own[key] if key in self._own else self._below.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with the prefix, in ascending order of their UTF-8 bytes."""
        own = (key for key in self._own if key.startswith(prefix))
        return iter(sorted([*self._below.keys(prefix), *own], key=str.encode))


@contextmanager
def scratch_book(workspace: Workspace) -> Iterator[Book]:
    """A copy of the workspace's book as it stands on disk, gone when the context ends.

    Nobody else writes meanwhile, because the caller holds the workspace.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "book.duckdb"
        for name in (copy.name, f"{copy.name}.wal"):
            if (workspace.root / name).exists():
                _copy(workspace.root / name, copy.with_name(name))
        with closing(DuckDBWarehouse(copy, workspace.landing.root)) as warehouse:
            book = Book(warehouse, Overlay(workspace.landing), workspace.book.clock)
            book.apply()
            yield book


def _copy(file: Path, to: Path) -> None:
    """Copy in a process of its own: one that closes a file lets go of its own locks on it."""
    done = subprocess.run(["cp", file, to], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
