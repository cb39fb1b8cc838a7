"""The texts under `sql/` as the rest of the house sees them: one object a file, header first.

The header is a comment of `key: value` lines (what, grain, kind, refresh, reads, why, binds); the
text below it is complete Snowflake SQL that could be pasted into a worksheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from meterbook.canonical import sha256
from meterbook.errors import SqlRefused

_KEY = re.compile(r"^--\s{1,3}(grain|kind|refresh|reads|why|binds):\s*(.*)$")
ROOMS = ("staging", "usage", "attribution", "tariff", "publish")


def project_folder(name: str) -> Path:
    """The folder `sql`, `events` or `web`, in the installed package or at the project's root."""
    packaged = Path(__file__).parent / name
    return packaged if packaged.is_dir() else Path(__file__).parents[4] / name


@dataclass(frozen=True)
class SqlFile:
    """One file under `sql/`: `path` relative to it, and the whole text."""

    path: str
    text: str

    @cached_property
    def header(self) -> dict[str, str]:
        """The header's keys; a value that runs over several comment lines is joined by spaces."""
        found: dict[str, str] = {}
        key = "what"
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            match = _KEY.match(line)
            if match:
                key = match[1]
            value = match[2] if match else line.removeprefix("--").strip()
            found[key] = f"{found.get(key, '')} {value}".strip()
        return found

    @property
    def name(self) -> str:
        """What the header says this file is: `metering.usage_daily`, or a query's own name."""
        return self.header.get("what", "").split(":", 1)[0]

    @property
    def refresh(self) -> str:
        """How one machine keeps the model: `whole`, `parts by …`, `append by …`, or nothing."""
        return self.header.get("refresh", "")

    @property
    def reads(self) -> tuple[str, ...]:
        """What the header says the text reads; a house test holds it to the SQL."""
        return tuple(
            part.strip() for part in self.header.get("reads", "").split(",") if part.strip()
        )

    @property
    def binds(self) -> tuple[str, ...]:
        """The names of a query's `?`, in their order."""
        return tuple(
            part.strip() for part in self.header.get("binds", "").split(",") if part.strip()
        )

    @property
    def sha256(self) -> str:
        """The digest by which a changed text is known."""
        return sha256(self.text)


def read_sql(folder: str, root: Path | None = None) -> list[SqlFile]:
    """All files below `sql/<folder>`; models come room by room, each room in order of name."""
    root = root or project_folder("sql")
    found = sorted((root / folder).rglob("*.sql"))
    if not found:
        raise SqlRefused(file=str(root / folder), detail="no SQL file is there")
    files = [SqlFile(str(path.relative_to(root)), path.read_text("utf-8")) for path in found]
    return sorted(files, key=lambda file: (_room(file.path), file.path))


def read_folders(folders: Iterable[str], root: Path | None = None) -> list[SqlFile]:
    """All files of several folders of `sql/`, folder by folder."""
    return [file for folder in folders for file in read_sql(folder, root)]


def in_order_of_creation(files: Sequence[SqlFile]) -> list[SqlFile]:
    """Tables, then what only Snowflake has, then models, views and tasks, each after what it reads.

    Errors: `SqlRefused` for models that read each other.
    """
    derived = ("models", "snowflake/tasks")
    models = {file.name: file for file in files if file.path.startswith(derived)}
    ground = [file for file in files if file.name not in models]
    graph = {name: [read for read in file.reads if read in models] for name, file in models.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SqlRefused(file="models", detail=f"they read each other: {error.args[1]}") from error
    # The sort is stable: the files of one folder stay in the order of their names.
    ground.sort(key=lambda file: not file.path.startswith("tables"))
    return ground + [models[name] for name in order]


def _room(path: str) -> int:
    parts = Path(path).parts
    return ROOMS.index(parts[1]) if len(parts) > 2 and parts[1] in ROOMS else -1
