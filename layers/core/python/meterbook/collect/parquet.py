"""A Parquet file, row by row as text: what its values say, no digit more and none less.

DuckDB reads it. It comes with `meterbook[local]`; a job that reads no Parquet does without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

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

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """Each row's values of some columns as text; one that is NULL is left out."""
        types = {str(name): str(kind) for name, kind, *_ in self._asked(f"describe {_FROM}")}
        places_of(columns, list(types), self._path)
        texts = ", ".join(_as_text(column, types[column]) for column in columns)
        for row in self._asked(f"select {texts} {_FROM}"):
            pairs = zip(columns, row, strict=True)
            yield {name: _in_full(v, types[name]) for name, v in pairs if v is not None}

    def _asked(self, sql: str) -> Iterator[tuple[object, ...]]:
        _must_be_parquet(self._path)
        duckdb = _duckdb(self._path)
        try:
            with closing(_connection(duckdb)) as db:
                found = db.execute(sql, [_literally(self._path)])
                while rows := found.fetchmany(_ROWS_AT_ONCE):
                    yield from rows
        except duckdb.Error as error:
            detail = f"this cannot be read as Parquet ({str(error).splitlines()[0]})"
            raise FileRefused(file=str(self._path), detail=detail) from error


def _must_be_parquet(path: Path) -> None:
    if not path.is_file():
        raise FileRefused(file=str(path), detail="there is no such file")
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise FileRefused(
                file=str(path),
                detail="this is no Parquet file",
                remedy="Say in the mapping's `format` what it is.",
            )


def _as_text(column: str, kind: str) -> str:
    """The SQL that says a column's values as text: exact, times as ISO 8601, in UTC if aware."""
    name = '"' + column.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"replace(cast({name} at time zone 'UTC' as varchar), ' ', 'T') || 'Z'"
    if kind.startswith("TIMESTAMP"):
        return f"replace(cast({name} as varchar), ' ', 'T')"
    return f"cast({name} as varchar)"


def _in_full(value: object, kind: str) -> str:
    """A binary number as its shortest decimal, without a power of ten; other text as it is."""
    text = str(value)
    return f"{Decimal(text):f}" if kind in ("DOUBLE", "FLOAT") and "e" in text else text


def _literally(path: Path) -> str:
    """The path with what DuckDB would take for a pattern of many files marked as itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path.absolute()))


def _connection(duckdb: ModuleType) -> DuckDBPyConnection:
    db: DuckDBPyConnection = duckdb.connect()
    db.execute("set enable_progress_bar = false")
    db.execute("set preserve_insertion_order = true")  # a row's number is its place in the file
    return db


def _duckdb(path: Path) -> ModuleType:
    try:
        import duckdb  # noqa: PLC0415 - the core must be importable without it
    except ImportError:
        raise FileRefused(
            file=str(path),
            detail="a Parquet file is read with duckdb, which is not installed here",
            remedy="Install meterbook[local], or hand the file in as CSV.",
        ) from None
    return duckdb
