"""Usage comes in from a file: web server logs, CSV, JSON lines, Parquet, CloudEvents.

Each file is looked at before the first is landed, so a refusal leaves nothing behind. A file is
landed as one delivery: its new lines, or all of them the first time.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from meterbook.book import Book
from meterbook.canonical import canonical_json
from meterbook.collect.events import Event, events_of, packs
from meterbook.collect.file_identity import (
    Kinship,
    KnownFile,
    Outline,
    family_of,
    identity_of,
    kinships,
    known_files,
    outline,
    outline_whole,
    remembered,
)
from meterbook.collect.mapping import UsageMapping, read_usage_mapping
from meterbook.collect.readings import Reading, read_usage
from meterbook.delivery import Delivery, close_delivery, land_rows
from meterbook.errors import FileChanged, FileRefused, InputRefused, Refused
from meterbook.parquetfile import ParquetFile
from meterbook.ports import ObjectStore

__all__ = ["FileIngested", "UsageIngested", "ingest_usage", "land_usage", "read_usage_mapping"]

_LINES_PER_REPORT = 10_000


@dataclass(frozen=True, slots=True)
class FileIngested:
    """What became of one file: all its lines, those that are new, and what stood on the new ones.

    `file_names` are the landed files; `unchanged` says that it holds nothing that was not known.
    """

    file: Path
    name: str
    identity: str
    lines: int
    new_lines: int
    not_usage_lines: int
    events: int
    unchanged: bool
    delivery_id: str = ""
    file_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageIngested:
    """What one import did, file by file, in the order in which they were given."""

    files: list[FileIngested]

    @property
    def delivery_ids(self) -> list[str]:
        """The deliveries it closed; none where nothing was new."""
        return [file.delivery_id for file in self.files if file.delivery_id]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be landed of a file: its lines from `first_line` on, under an identity.

    `known_lines` and `known_last_line` say how far the file was known; `usage_lines` counts the
    lines that usage, or something unreadable, stands on.
    """

    file: Path
    name: str
    shape: Outline
    identity: str
    first_line: int = 1
    known_lines: int = 0
    known_last_line: int = 0
    usage_lines: int = 0

    @property
    def new_lines(self) -> int:
        return max(0, self.shape.last_line - self.known_last_line)

    @property
    def not_usage_lines(self) -> int:
        return max(0, self.shape.last_line - self.first_line + 1) - self.usage_lines

    def delivery_id(self, source: str) -> str:
        """An unfinished last line may come again, longer: its length keeps the ids apart."""
        tail = f".{len(self.shape.tail)}" if self.shape.tail else ""
        return f"{source}.{self.identity}.{self.first_line}-{self.shape.last_line}{tail}"

    def origin(self, mapping: UsageMapping) -> dict[str, object]:
        """What the closing record says of the file."""
        return {
            "name": self.name,
            "source": mapping.source,
            "identity": self.identity,
            "mapping_sha256": mapping.sha256,
            "first_line": self.first_line,
            "new_lines": self.new_lines,
            "not_usage_lines": self.not_usage_lines,
            **remembered(self.shape, self.known_lines),
        }


def ingest_usage(
    book: Book,
    files: Sequence[Path],
    mapping: UsageMapping,
    *,
    name: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> UsageIngested:
    """Land what is new in the files and bring the book up to date.

    `name` says that the one file is another than the landed one of its name. `on_progress` is told
    now and then how many more lines were landed. Errors: `FileRefused`, `FileChanged`.
    """
    ingested = land_usage(book.landing, book.clock.now(), files, mapping, name, on_progress)
    book.update()
    return ingested


def land_usage(
    landing: ObjectStore,
    now: datetime,
    files: Sequence[Path],
    mapping: UsageMapping,
    name: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> UsageIngested:
    """The same without a book: look at all files, then land each that has something new."""
    if name is not None and len(files) != 1:
        raise InputRefused(detail="--as NAME names one file; import the others by themselves.")
    plans = _plans(landing, files, mapping, name)
    done = {
        plan.file: _land(landing, now, plan, mapping, on_progress or (lambda _: None))
        for plan in plans
    }
    return UsageIngested([done[file] for file in files])


def _plans(
    landing: ObjectStore, files: Sequence[Path], mapping: UsageMapping, name: str | None
) -> list[_Plan]:
    known = known_files(landing, mapping.source)
    plans = []
    # Shorter files first, so that of two in one command the longer is the shorter grown.
    for file in _shortest_first(files, mapping):
        plan = _plan(landing, known, file, mapping, name)
        known.setdefault(plan.identity, KnownFile(plan.identity)).add(plan.origin(mapping))
        plans.append(plan)
    return plans


def _shortest_first(files: Sequence[Path], mapping: UsageMapping) -> list[Path]:
    different = list(dict.fromkeys(files))
    if len(different) == 1:
        return different
    return sorted(different, key=lambda file: (_shape(file, mapping).size, different.index(file)))


def _shape(file: Path, mapping: UsageMapping, known: Iterable[KnownFile] = ()) -> Outline:
    if mapping.format == "parquet":
        return outline_whole(file, ParquetFile(file).row_count())
    return outline(file, known)


def _plan(
    landing: ObjectStore,
    known: Mapping[str, KnownFile],
    file: Path,
    mapping: UsageMapping,
    name: str | None,
) -> _Plan:
    shape = _shape(file, mapping, known.values())
    shown = name or os.fsencode(file.name).decode("utf-8", "backslashreplace")
    for kin in kinships(shape, list(known.values()), mapping.header_lines):
        if _is_kin(landing, kin, file, shape, mapping, asked=name is not None):
            lines, last_line = kin.known.lines, kin.known.last_line
            plan = _Plan(file, shown, shape, kin.known.identity, kin.first_line, lines, last_line)
            return _checked(plan, mapping)
    if any(shown in other.names for other in known.values()):
        raise FileChanged(
            detail=f"{file}: a file named {shown!r} was landed for {mapping.source} before, and "
            "this one begins differently. If it is another file, say --as NAME with a new name."
        )
    return _checked(_Plan(file, shown, shape, identity_of(shape, mapping.source)), mapping)


def _is_kin(
    landing: ObjectStore,
    kin: Kinship,
    file: Path,
    shape: Outline,
    mapping: UsageMapping,
    *,
    asked: bool,
) -> bool:
    """Settle what hashes left in doubt, and refuse a known file under another mapping."""
    if kin.known.mapping_sha256 != mapping.sha256 and not (kin.doubt_from and asked):
        raise FileChanged(
            detail=f"{file} was landed before (as {kin.known.names[0]!r}) under another mapping, "
            "and its events stay as they are. Import it with that mapping; if all of it is to be "
            "counted once more in another way, give the mapping a `source` of its own."
        )
    if not kin.doubt_from:
        return True
    unlanded = _unlanded_lines(landing, kin, file, shape, mapping)
    if unlanded and unlanded[0] > shape.lines and not asked:
        raise FileChanged(
            detail=f"{file} begins like {kin.known.names[0]!r}, which was landed before, and ends "
            f"within line {shape.last_line}. If it is an older copy, there is nothing to import; "
            "if it is another file, say --as NAME with a new name."
        )
    return not unlanded


def _unlanded_lines(
    landing: ObjectStore, kin: Kinship, file: Path, shape: Outline, mapping: UsageMapping
) -> list[int]:
    """The lines in doubt whose events the known file did not bring, in order."""
    readings = read_usage(file, mapping, kin.doubt_from, shape.size)
    line_of = {
        canonical_json(event): reading.first_line
        for reading in readings
        for event in events_of([reading], mapping, kin.known.identity)
    }
    for file_name in kin.known.file_names:
        for row in gzip.decompress(landing.get(file_name)).splitlines():
            for event in json.loads(row)["detail"]["events"]:
                line_of.pop(canonical_json(event), None)
    return sorted(line_of.values())


def _checked(plan: _Plan, mapping: UsageMapping) -> _Plan:
    """The plan with its lines counted. Errors: `FileRefused` for a new file that holds no usage."""
    usage_lines, readable = 0, plan.known_last_line > 0
    for reading in read_usage(plan.file, mapping, plan.first_line, plan.shape.size):
        usage_lines += reading.last_line - max(reading.first_line, plan.first_line) + 1
        readable = readable or reading.content is not None
    if not readable:
        raise FileRefused(
            file=str(plan.file),
            detail=f"none of its {plan.shape.last_line} lines is usage by this mapping",
            remedy=f"Compare the mapping of {mapping.source} ({mapping.format}) with its lines.",
        )
    return replace(plan, usage_lines=usage_lines)


def _land(
    landing: ObjectStore,
    now: datetime,
    plan: _Plan,
    mapping: UsageMapping,
    on_progress: Callable[[int], None],
) -> FileIngested:
    done = FileIngested(
        file=plan.file,
        name=plan.name,
        identity=plan.identity,
        lines=plan.shape.last_line,
        new_lines=plan.new_lines,
        not_usage_lines=plan.not_usage_lines,
        events=0,
        unchanged=plan.first_line > plan.shape.last_line,
    )
    if not plan.usage_lines:
        return done
    delivery_id = plan.delivery_id(mapping.source)
    readings = read_usage(plan.file, mapping, plan.first_line, plan.shape.size)
    tally = _Tally(events_of(_told(readings, plan, on_progress), mapping, plan.identity))
    landed = land_rows(landing, "usage", delivery_id, packs(tally, delivery_id, now))
    family = family_of(mapping.source)
    origin = plan.origin(mapping) | {"events": tally.count}
    if not close_delivery(
        landing, Delivery(delivery_id, "usage", family, family, now, landed, origin=origin)
    ):
        raise Refused(
            detail=f"{plan.file} was imported by another command meanwhile. Say it again."
        )
    file_names = tuple(file.file_name for file in landed)
    return replace(done, events=tally.count, delivery_id=delivery_id, file_names=file_names)


class _Tally:
    """Events on their way through, counted."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = events
        self.count = 0

    def __iter__(self) -> Iterator[Event]:
        for event in self._events:
            self.count += 1
            yield event


def _told(
    readings: Iterable[Reading], plan: _Plan, on_progress: Callable[[int], None]
) -> Iterator[Reading]:
    told = plan.first_line - 1
    for reading in readings:
        yield reading
        if reading.last_line - told >= _LINES_PER_REPORT:
            on_progress(reading.last_line - told)
            told = reading.last_line
    on_progress(plan.shape.last_line - told)
