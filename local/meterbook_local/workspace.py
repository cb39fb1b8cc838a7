"""A workspace: one folder that holds the book and everything it was made from.

    meterbook.json   says what this folder is and how it is laid out
    landing/         every fact, as deliveries: from it alone the book can be built again
    book.duckdb      the book
    evidence/        the register and the documents
    register.key     what signs the register; made when a number is first given, kept by its owner
    announced/       which announcements have been made
    outbox.jsonl     the announcements
    views/           what is published for licensees to see; made again from the book at any time
    records/         who did or saw what on the pages of finance
    issuer.key web.key   what signs the visitors of `serve` in, and marks the forms of its pages
    mail/            what was mailed, one file a message
    lock             who is working in here
    source/ summary.json    what `demo` made up, and what `demo` and `real` found out
    azure/ cur/      the books of the other data sets of `real`; azure.json and cur.json beside

The folder can be moved: nothing in it knows its own place.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import duckdb
from meterbook.book import Book
from meterbook.errors import WorkspaceAlien, WorkspaceBusy, WorkspaceDamaged, WorkspaceMissing
from meterbook.ports import Clock

from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from meterbook_local.outbox import Outbox
from meterbook_local.signer import LocalSigner

MARK = "meterbook.json"
_OWN = frozenset((
    MARK, "landing", "book.duckdb", "book.duckdb.wal", "book.duckdb.tmp", "evidence", "announced",
    "outbox.jsonl", "register.key", "mail", "lock", "source", "summary.json", "azure",
    "azure.json", "cur", "cur.json", "views", "records", "issuer.key", "web.key",
))  # fmt: skip
_LAYOUT = {"layout": "1", "what": "meterbook workspace"}
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a command works with; it is this command's alone until the context ends."""

    root: Path
    book: Book
    landing: FolderStore
    evidence: FolderStore
    announced: FolderStore
    outbox: Outbox
    signer: LocalSigner


@contextmanager
def open_workspace(
    root: Path,
    clock: Clock,
    command: str,
    wait_seconds: float = 10,
    *,
    create: bool = True,
    apply: bool = True,
) -> Iterator[Workspace]:
    """Hold the workspace at `root` for one command, with the SQL of this version applied.

    `create` makes it where nothing is; without `apply` the book is opened as it stands.
    Errors: `WorkspaceMissing`, `WorkspaceAlien` (something else is there; it is left alone),
    `WorkspaceBusy`, `WorkspaceDamaged`.
    """
    _recognise(root, create)
    with _held(root, command, wait_seconds):
        _mark(root)
        with closing(_warehouse(root / "book.duckdb", root / "landing")) as warehouse:
            landing = FolderStore(root / "landing")
            book = Book(warehouse, landing, clock)
            if apply:
                book.apply()
            stores = FolderStore(root / "evidence"), FolderStore(root / "announced")
            outbox, signer = Outbox(root / "outbox.jsonl"), LocalSigner(root / "register.key")
            yield Workspace(root, book, landing, *stores, outbox, signer)


def clear_workspace(root: Path, command: str, wait_seconds: float = 10) -> None:
    """Make the workspace at `root` as new. What is no workspace, or holds more, is left alone."""
    _recognise(root, create=True)
    with _held(root, command, wait_seconds):
        _empty(root)
        _mark(root)


def _recognise(root: Path, create: bool) -> None:
    """Make sure that the folder is a workspace, or may become one."""
    mark = root / MARK
    if mark.is_file():
        _check_layout(root, mark)
    elif root.exists() and not root.is_dir():
        raise WorkspaceAlien(workspace=root, detail="it is a file")
    elif root.is_dir() and (others := sorted(p.name for p in root.iterdir() if p.name != "lock")):
        raise WorkspaceAlien(
            workspace=root, detail=f"it has no {MARK} and holds {', '.join(others[:3])}"
        )
    elif not create:
        raise WorkspaceMissing(workspace=root)
    else:
        root.mkdir(parents=True, exist_ok=True)


def _check_layout(root: Path, mark: Path) -> None:
    try:
        layout = json.loads(mark.read_bytes())
    except ValueError:
        layout = None
    if layout != _LAYOUT:
        raise WorkspaceAlien(workspace=root, detail=f"this version cannot read its {MARK}")


@contextmanager
def _held(root: Path, command: str, wait_seconds: float) -> Iterator[None]:
    """Hold the lock file, waiting a bounded time. The kernel lets go of it if this process dies."""
    with (root / "lock").open("a+", encoding="utf-8") as lock:
        deadline = time.monotonic() + wait_seconds
        while not _taken(lock):
            if time.monotonic() >= deadline:
                lock.seek(0)
                holder = lock.read().strip() or "another command"
                raise WorkspaceBusy(workspace=root, holder=holder)
            time.sleep(_PAUSE_SECONDS)
        lock.truncate(0)
        lock.write(f"pid {os.getpid()}: meterbook {command}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _mark(root: Path) -> None:
    if not (root / MARK).exists():
        (root / MARK).write_text(json.dumps(_LAYOUT, sort_keys=True) + "\n", "utf-8")


def _empty(root: Path) -> None:
    """Remove all but the lock; the mark goes last, so that a crash leaves a workspace."""
    if others := sorted(path.name for path in root.iterdir() if path.name not in _OWN):
        detail = f"it would be emptied, but {others[0]} in it is not Meterbook's"
        raise WorkspaceAlien(workspace=root, detail=detail)
    for path in sorted(root.iterdir(), key=lambda path: path.name == MARK):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def _warehouse(path: Path, landing: Path) -> DuckDBWarehouse:
    try:
        return DuckDBWarehouse(path, landing)
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            holder = f"another program that has {path.name} open"
            raise WorkspaceBusy(workspace=path.parent, holder=holder) from error
        raise WorkspaceDamaged(
            file=path,
            detail=str(error).splitlines()[0].rstrip(".!"),
            hint="Move it away and say `meterbook refresh`: the book is built again from landing/.",
        ) from error
