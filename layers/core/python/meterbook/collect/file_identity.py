"""Which file is this? Its content says so, whatever its name: known, grown, or another one.

A file that begins as a landed file does is that file grown, and only its new lines are usage. To
tell without keeping files, a landed file is remembered by hashes of its beginnings (`checkpoints`:
up to each of its first 1000 lines, then up to every 1000th, and up to its last) and by length and
hash of a last line that had no end yet (its tail).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meterbook.delivery import closing_records
from meterbook.ports import ObjectStore
from meterbook.textfile import read_lines

_EACH = 1000  # this many first lines have a checkpoint each, later ones every so many lines
_DIGITS = 16


def family_of(source: str) -> str:
    """What the deliveries of one usage source have in common."""
    return f"usage:{source}"


@dataclass(frozen=True, slots=True)
class Outline:
    """What one reading of a file shows of it.

    `lines` counts the lines that have an end, `tail` is what follows the last of them.
    `lines_after` has the line after each beginning that was asked for, and `if_ended` the
    checkpoints there would be if the tail had one of the usual ends.
    """

    size: int
    lines: int
    tail: bytes
    sha256: str
    checkpoints: Mapping[int, str]
    lines_after: Mapping[int, bytes]
    if_ended: tuple[str, ...]

    @property
    def last_line(self) -> int:
        """The number of the last line, with or without an end."""
        return self.lines + bool(self.tail)


def outline(path: Path, known: Iterable[KnownFile] = ()) -> Outline:
    """Read a file once, to its end, with checkpoints where those of the known files stand."""
    asked = {line for file in known for line in file.checkpoints}
    grown_from = {file.lines for file in known if file.tail_bytes}
    running = hashlib.sha256()
    checkpoints, lines_after = {0: _digest(running)}, {}
    size = lines = 0
    tail = b""
    for line in read_lines(path):
        size += len(line)
        if lines in grown_from:
            lines_after[lines] = line
        if not line.endswith(b"\n"):
            tail = line
            break
        running.update(line)
        lines += 1
        if lines <= _EACH or lines % _EACH == 0 or lines in asked:
            checkpoints[lines] = _digest(running)
    checkpoints[lines] = _digest(running)
    if_ended = tuple(_digest(running, tail + end) for end in (b"\n", b"\r\n"))
    running.update(tail)
    return Outline(size, lines, tail, running.hexdigest(), checkpoints, lines_after, if_ended)


def outline_whole(path: Path, rows: int) -> Outline:
    """A file that is not lines: it is known by all of its bytes and never taken for one grown."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Outline(path.stat().st_size, rows, b"", sha256, {rows: sha256[:_DIGITS]}, {}, ())


def _digest(running: hashlib._Hash, more: bytes = b"") -> str:
    copy = running.copy()
    copy.update(more)
    return copy.hexdigest()[:_DIGITS]


@dataclass(slots=True)
class KnownFile:
    """A file that was landed, put together from the closing records of its deliveries."""

    identity: str
    mapping_sha256: str = ""
    lines: int = 0
    tail_bytes: int = 0
    tail_sha256: str = ""
    last_line: int = 0
    checkpoints: dict[int, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    file_names: list[str] = field(default_factory=list)

    def add(self, origin: Mapping[str, Any], file_names: Iterable[str] = ()) -> None:
        """Take in one delivery; what it says of the end holds if no other reached further."""
        if (origin["lines"], origin["tail_bytes"]) >= (self.lines, self.tail_bytes):
            self.mapping_sha256 = origin["mapping_sha256"]
            self.lines, self.tail_bytes = origin["lines"], origin["tail_bytes"]
            self.tail_sha256, self.last_line = origin["tail_sha256"], origin["last_line"]
        self.checkpoints |= {int(line): digest for line, digest in origin["checkpoints"].items()}
        self.names.append(origin["name"])
        self.file_names.extend(file_names)


def remembered(shape: Outline, known_lines: int) -> dict[str, object]:
    """What a closing record keeps of a file's shape; known checkpoints are not repeated."""
    new = {n: digest for n, digest in shape.checkpoints.items() if n > known_lines}
    return {
        "lines": shape.lines,
        "last_line": shape.last_line,
        "tail_bytes": len(shape.tail),
        "tail_sha256": _sha256(shape.tail) if shape.tail else "",
        "checkpoints": {str(n): new[n] for n in sorted(new) if _is_kept(n, shape)},
    }


def _is_kept(line: int, shape: Outline) -> bool:
    return line <= _EACH or line % _EACH == 0 or line == shape.lines


def known_files(landing: ObjectStore, source: str) -> dict[str, KnownFile]:
    """The files that were landed for a source, by identity."""
    known: dict[str, KnownFile] = {}
    for record in closing_records(landing, "usage"):
        origin: Any = record["origin"]
        if record["family"] == family_of(source) and "identity" in origin:
            files: Any = record["files"]
            file = known.setdefault(origin["identity"], KnownFile(origin["identity"]))
            file.add(origin, [str(part["file_name"]) for part in files])
    return known


def identity_of(shape: Outline, source: str) -> str:
    """The identity that a new file gets: it follows from its content and its source alone."""
    return _sha256(f"{source}\n{shape.sha256}".encode())[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Kinship:
    """A known file that this one continues: its new usage begins at `first_line`.

    `doubt_from` is the first of the lines that hashes cannot compare, 0 where all were compared:
    an older, shorter copy may end between two checkpoints or within a line.
    """

    known: KnownFile
    first_line: int
    doubt_from: int = 0


def kinships(shape: Outline, known: Sequence[KnownFile], header_lines: int) -> list[Kinship]:
    """The known files that this one may be: the certain first, then those that reach furthest."""
    reaching = sorted(known, key=lambda file: (file.lines, file.tail_bytes), reverse=True)
    found = (_kinship(shape, file, header_lines) for file in reaching)
    return sorted(filter(None, found), key=lambda kin: kin.doubt_from > 0)


def _kinship(shape: Outline, file: KnownFile, header_lines: int) -> Kinship | None:
    if shape.lines < file.lines:
        return _shorter(shape, file, header_lines)
    if file.lines and shape.checkpoints.get(file.lines) != file.checkpoints[file.lines]:
        return None
    if not file.tail_bytes:
        return Kinship(file, file.lines + 1)
    line = shape.lines_after.get(file.lines, b"")
    if len(line) < file.tail_bytes and shape.lines == file.lines:
        return _within_a_line(shape, file, header_lines)
    if _sha256(line[: file.tail_bytes]) != file.tail_sha256:
        return None
    is_whole = len(line.rstrip(b"\r\n")) <= file.tail_bytes
    return Kinship(file, file.lines + (2 if is_whole else 1))


def _shorter(shape: Outline, file: KnownFile, header_lines: int) -> Kinship | None:
    """Whether a file with fewer lines is a beginning of the known one."""
    compared = max((line for line in file.checkpoints if line <= shape.lines), default=0)
    if compared and shape.checkpoints[compared] != file.checkpoints[compared]:
        return None
    if compared == shape.lines:
        return _within_a_line(shape, file, header_lines)
    return Kinship(file, file.last_line + 1, compared + 1) if compared > header_lines else None


def _within_a_line(shape: Outline, file: KnownFile, header_lines: int) -> Kinship | None:
    """All whole lines are the known file's; the tail that is left may be one of its lines."""
    next_line = shape.lines + 1
    if file.checkpoints.get(next_line) in shape.if_ended or (shape.lines and not shape.tail):
        return Kinship(file, file.last_line + 1)
    # Files that share no more than their header are different files, not copies of each other.
    return Kinship(file, file.last_line + 1, next_line) if shape.lines > header_lines else None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
