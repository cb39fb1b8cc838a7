"""A Parquet file, row by row as text: what its values say, no digit more and none less.

DuckDB reads it. It comes with `meterbook[local]`; a job that reads no Parquet does without.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from meterbook.errors import FileRefused
from meterbook.textfile import places_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FROM = "from read_parquet(?, hive_partitioning = false)"
_ROWS_AT_ONCE = 10_000


class ParquetFile:
    """One file that a person hands in; errors are a `FileRefused` that says what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def row_count(self) -> int:
        """How many rows it has."""
        ((count,),) = self._asked(f"select count(*) {_FROM}")
        return int(str(count))

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Its columns and their types, in DuckDB's names."""
        return {str(name): str(kind) for name, kind, *_ in self._asked(f"describe {_FROM}")}

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """Each row's values of some columns as text; one that is NULL is left out."""
        types = self.types
        places_of(columns, list(types), self._path)
        texts = ", ".join(_text_sql(column, types[column]) for column in columns)
        for row in self._asked(f"select {texts} {_FROM}"):
            pairs = zip(columns, row, strict=True)
            yield {name: _in_full(v, types[name]) for name, v in pairs if v is not None}

    def texts(self, columns: Sequence[str]) -> Iterator[Sequence[str]]:
        """The same by place, '' for NULL, a binary number as its shortest text."""
        texts = [f"coalesce({self.text_sql(name)}, '')" for name in columns]
        return cast(Iterator[Sequence[str]], self._asked(f"select {', '.join(texts)} {_FROM}"))

    def text_sql(self, column: str) -> str:
        """The SQL that says a column's values as text."""
        return _text_sql(column, self.types[column])

    def sha256(self) -> str:
        """The hash of its bytes."""
        _must_be_parquet(self._path)
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _asked(self, sql: str) -> Iterator[tuple[object, ...]]:
        _must_be_parquet(self._path)
        duckdb = duckdb_for(self._path)
        try:
            with closing(connection(duckdb)) as db:
                found = db.execute(sql, [literally(self._path)])
                while rows := found.fetchmany(_ROWS_AT_ONCE):
                    yield from rows
        except duckdb.Error as error:
            detail = f"this cannot be read as Parquet ({str(error).splitlines()[0]})"
            raise FileRefused(file=str(self._path), detail=detail) from error


def is_parquet(path: Path) -> bool:
    """Whether there is a file that begins as Parquet does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _must_be_parquet(path: Path) -> None:
    if not path.is_file():
        raise FileRefused(file=str(path), detail="there is no such file")
    if not is_parquet(path):
        raise FileRefused(
            file=str(path),
            detail="this is no Parquet file",
            remedy="Say in the mapping's `format` what it is.",
        )


def _text_sql(column: str, kind: str) -> str:
    """The SQL that says a column's values as text: exact, times as ISO 8601, in UTC if aware."""
    name = '"' + column.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"replace(cast({name} at time zone 'UTC' as varchar), ' ', 'T') || 'Z'"
    if kind.startswith(("MAP(", "STRUCT(")):
        return f"cast(to_json({name}) as varchar)"
    if kind.startswith("TIMESTAMP"):
        return f"replace(cast({name} as varchar), ' ', 'T')"
    return f"cast({name} as varchar)"


def _in_full(value: object, kind: str) -> str:
    """A binary number as its shortest decimal, without a power of ten; other text as it is."""
    text = str(value)
    return f"{Decimal(text):f}" if kind in ("DOUBLE", "FLOAT") and "e" in text else text


def literally(path: Path) -> str:
    """The path with what DuckDB would take for a pattern of many files marked as itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))


def connection(duckdb: ModuleType) -> DuckDBPyConnection:
    """A database in memory, to read or write a file with."""
    db: DuckDBPyConnection = duckdb.connect()
    db.execute("set enable_progress_bar = false")
    db.execute("set preserve_insertion_order = true")  # a row's number is its place in the file
    return db


def duckdb_for(path: Path) -> ModuleType:
    """DuckDB, to read or write this file with. Errors: `FileRefused` where it is not installed."""
    try:
        import duckdb  # noqa: PLC0415 - the core must be importable without it
    except ImportError:
        raise FileRefused(
            file=str(path),
            detail="Parquet takes duckdb, which is not installed here",
            remedy="Install meterbook[local], or use CSV.",
        ) from None
    return duckdb
