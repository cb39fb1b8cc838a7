"""What stands on the lines of a usage file: each format is a reader of its own.

A reader takes lines and gives a `Reading` for each record that is usage or cannot be read. What it
passes over (a request that is no usage, a header, a blank line) is not usage, and is counted by
whoever counts the lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from meterbook.collect.mapping import UsageMapping
from meterbook.errors import FileRefused
from meterbook.parquetfile import ParquetFile
from meterbook.textfile import as_text, csv_records, places_of, read_lines, without_bom


class Reading(NamedTuple):
    """A record and the lines it stands on; `content` is None where it cannot be read."""

    first_line: int
    last_line: int
    content: Mapping[str, str] | list[Any] | None
    raw: str


def read_usage(path: Path, mapping: UsageMapping, first_line: int, size: int) -> Iterator[Reading]:
    """The readings of a file from a line on, within its first `size` bytes.

    Errors: `FileRefused` when the file cannot be read or lacks a mapped column.
    """
    if mapping.format == "parquet":
        return _read_parquet(path, mapping, first_line, size)
    lines = without_bom(map(as_text, read_lines(path, size)))
    return _READERS[mapping.format](lines, mapping, first_line, path)


def _read_pattern(
    lines: Iterator[str], mapping: UsageMapping, first_line: int, path: Path
) -> Iterator[Reading]:
    assert mapping.pattern is not None  # noqa: S101 - the mapping was judged when it was read
    search = mapping.pattern.search
    for number, line in enumerate(islice(lines, first_line - 1, None), first_line):
        if match := search(line.rstrip("\r\n")):
            fields = {name: text for name, text in match.groupdict().items() if text is not None}
            if _counts_something(fields, mapping):
                yield Reading(number, number, fields, line)


def _read_csv(
    lines: Iterator[str], mapping: UsageMapping, first_line: int, path: Path
) -> Iterator[Reading]:
    assert mapping.csv is not None  # noqa: S101 - the mapping was judged when it was read
    header, line = list(mapping.csv.columns), 1
    if not header:
        first = next(csv_records(lines, mapping.csv, path))
        header, line = first.fields or [], first.last_line + 1
    places = places_of(mapping.columns, header, path)
    # Records are read from the start on: only so is it known where one that spans lines begins.
    for record in csv_records(lines, mapping.csv, path, line):
        if record.fields == [] or record.last_line < first_line:
            continue
        fields = None
        if record.fields is not None and len(record.fields) == len(header):
            fields = {column: record.fields[place] for column, place in places.items()}
        yield Reading(record.first_line, record.last_line, fields, record.raw)


def _read_jsonl(
    lines: Iterator[str], mapping: UsageMapping, first_line: int, path: Path
) -> Iterator[Reading]:
    for number, line, value in _json_values(lines, first_line):
        if not isinstance(value, dict):
            yield Reading(number, number, None, line)
            continue
        found = {column: _at(value, column) for column in mapping.columns}
        fields = {column: text for column, text in found.items() if text is not None}
        if _counts_something(fields, mapping):
            yield Reading(number, number, fields, line)


def _read_parquet(
    path: Path, mapping: UsageMapping, first_line: int, size: int
) -> Iterator[Reading]:
    if path.stat().st_size != size:
        raise FileRefused(file=str(path), detail="the file changed while it was read")
    for number, fields in enumerate(ParquetFile(path).rows(mapping.columns), 1):
        if number >= first_line and _counts_something(fields, mapping):
            yield Reading(number, number, fields, "")


def _read_cloudevents(
    lines: Iterator[str], mapping: UsageMapping, first_line: int, path: Path
) -> Iterator[Reading]:
    for number, line, value in _json_values(lines, first_line):
        events = None if _too_deep(value) else _events_in(value)
        if events != []:
            yield Reading(number, number, events, line)


_READERS: dict[str, Callable[[Iterator[str], UsageMapping, int, Path], Iterator[Reading]]] = {
    "pattern": _read_pattern,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "cloudevents": _read_cloudevents,
}


def _counts_something(fields: Mapping[str, str], mapping: UsageMapping) -> bool:
    return any(rule.quantity.value or rule.quantity.column in fields for rule in mapping.metrics)


# Numbers keep the text that was written: 0.10 stays 0.10, and 1e400 is left to SQL to judge.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def _json_values(lines: Iterator[str], first_line: int) -> Iterator[tuple[int, str, object]]:
    """Each line that is not blank with its JSON value; None for text that is no JSON."""
    for number, line in enumerate(islice(lines, first_line - 1, None), first_line):
        if text := line.strip():
            try:
                value = _DECODER.decode(text)
            except (ValueError, RecursionError):
                value = None
            yield number, line, _visible(value) if "\\u" in text else value


def _visible(value: object) -> object:
    r"""The value with escaped half characters (`\ud800`) spelled out: they are no UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_visible(part) for part in value]
    if isinstance(value, dict):
        return {_visible(key): _visible(part) for key, part in value.items()}
    return value


def _too_deep(value: object, levels: int = 64) -> bool:
    """Whether a value is nested deeper than any event is; no later stage should have to bear it."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_too_deep(part, levels - 1) for part in parts)


def _at(record: dict[str, Any], column: str) -> str | None:
    """The text at a key or dotted path; None where the record does not have it at all."""
    value: object = record
    for key in (column,) if column in record else column.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _events_in(value: object) -> list[Any] | None:
    """The CloudEvents of one line: one, an array of them, or a pack as EventBridge carries it."""
    if isinstance(value, dict) and isinstance(detail := value.get("detail"), dict):
        value = detail.get("events")
        if isinstance(value, list) and isinstance(producer := detail.get("producer"), str):
            value = [{"producer": producer} | e if isinstance(e, dict) else e for e in value]
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else None
