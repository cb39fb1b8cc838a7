"""A file that a person hands in, read line by line: text or gzip, CSV or not, never whole.

Whatever is wrong with the file itself (missing, a directory, cut short, a quote that never ends) is
a `FileRefused` that says so in one sentence.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from meterbook.errors import FileRefused

_GZIP = b"\x1f\x8b"
_NOT_TEXT = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_LONGEST_FIELD = 2**31 - 1


def read_lines(path: Path, limit: int | None = None) -> Iterator[bytes]:
    """The lines of a file with their ends as they stand; gzip is known by its first bytes.

    Lines end at LF alone, so a line's number never depends on what is in it. `limit` stops after so
    many (unpacked) bytes: a log that grows meanwhile is read as it was when it was first looked at.
    """
    with _opened(path) as stream:
        yield from stream if limit is None else _first_bytes(stream, limit, path)


def read_blocks(path: Path) -> Iterator[bytes]:
    """The unpacked bytes of a file in blocks of a mebibyte."""
    with _opened(path) as stream:
        while block := stream.read(2**20):
            yield block


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    try:
        with path.open("rb") as file:
            yield _unpacked(file, path)
    except EOFError:
        raise FileRefused(
            file=str(path),
            detail="the gzip stream is cut short",
            remedy="Nothing of it was taken: fetch the file again.",
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileRefused(file=str(path), detail=f"the gzip stream is damaged ({error})") from None
    except OSError as error:
        raise FileRefused(file=str(path), detail=_why(path, error)) from None


def _unpacked(file: io.BufferedReader, path: Path) -> io.BufferedReader:
    head = file.peek(4)[:4]
    if not head:
        raise FileRefused(file=str(path), detail="the file is empty")
    for mark, kind in _NOT_TEXT.items():
        if head.startswith(mark):
            raise FileRefused(
                file=str(path),
                detail=f"this is {kind}",
                remedy="Hand it in as UTF-8 text, gzipped or not.",
            )
    # GzipFile alone splits lines in Python; the buffer around it splits them in C.
    return io.BufferedReader(gzip.GzipFile(fileobj=file)) if head.startswith(_GZIP) else file


def _first_bytes(stream: Iterable[bytes], limit: int, path: Path) -> Iterator[bytes]:
    for line in stream:
        if limit <= 0:
            return
        yield line[:limit]
        limit -= len(line)
    if limit > 0:
        raise FileRefused(file=str(path), detail="the file changed while it was read")


def _why(path: Path, error: OSError) -> str:
    if path.is_dir():
        return "this is a directory, not a file"
    return "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)


def as_text(line: bytes) -> str:
    r"""A line as text: UTF-8, where bytes that are none stay visible as `\xff`."""
    return line.decode("utf-8", "backslashreplace")


def without_bom(lines: Iterable[str]) -> Iterator[str]:
    """The same lines without the byte order mark that some programs put before the first."""
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix("\ufeff")


@dataclass(frozen=True, slots=True)
class CsvShape:
    """A file's layout: without `quote` quotes are ordinary, without `columns` line 1 names them."""

    delimiter: str = ","
    quote: str = '"'
    columns: tuple[str, ...] = ()


class CsvRecord(NamedTuple):
    """One record, which may span lines; `fields` is None where the CSV rules are broken."""

    first_line: int
    last_line: int
    fields: list[str] | None
    raw: str


def csv_records(
    lines: Iterable[str], shape: CsvShape, path: Path, first_line: int = 1
) -> Iterator[CsvRecord]:
    """The records of CSV lines, each with the lines it stands on; blank lines have no fields.

    Errors: `FileRefused` for a quote that never ends, which would swallow all lines after it.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    taken: list[str] = []
    ended = False

    def feed() -> Iterator[str]:
        """Hands lines to the CSV reader and keeps those that it took for the record at hand."""
        nonlocal ended
        for line in lines:
            taken.append(line)
            yield line
        ended = True

    reader = csv.reader(
        feed(),
        delimiter=shape.delimiter,
        quotechar=shape.quote or None,
        quoting=csv.QUOTE_MINIMAL if shape.quote else csv.QUOTE_NONE,
    )
    while True:
        taken.clear()
        try:
            fields: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        if ended:
            raise FileRefused(
                file=str(path),
                row=first_line,
                detail="a quote that opens here never ends",
                remedy="Mend the line, or say `quote: none` in the mapping if quotes mean nothing.",
            )
        last_line = first_line + len(taken) - 1
        yield CsvRecord(first_line, last_line, fields, "".join(taken))
        first_line = last_line + 1


def places_of(
    wanted: Iterable[str], header: Sequence[str], path: Path, optional: Iterable[str] = ()
) -> Mapping[str, int]:
    """Where each wanted column stands in a header; an optional one may be absent.

    Errors: `FileRefused` for a column that is missing (naming the nearest) or there twice.
    """
    places = {}
    for column in dict.fromkeys([*wanted, *optional]):
        if header.count(column) > 1:
            raise FileRefused(file=str(path), row=1, detail=f"there are two columns {column!r}")
        if column in header:
            places[column] = header.index(column)
        elif column not in optional:
            raise FileRefused(
                file=str(path),
                detail=f"there is no column {column!r}",
                remedy=nearest(column, header),
            )
    return places


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence with the known names that look most like one that is not among them."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.0)
    return (
        f"The nearest names are: {', '.join(close)}." if close else "There are no columns at all."
    )
