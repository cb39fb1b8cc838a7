"""The book on one machine: the texts of `sql/` on an embedded DuckDB file.

A dynamic table becomes a table that `refresh.py` keeps by the refresh its header declares; views
and landing tables are what they are. `sql/snowflake/` is not run here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import duckdb
from meterbook.delivery import (
    LANDING_TABLES,
    RECORDS_PREFIX,
    RECORDS_TABLE,
    arrived,
    closing_record,
    file_names,
)
from meterbook.errors import FileRefused, SqlRefused
from meterbook.ports import Loaded, ObjectStore, Refreshed, Row
from meterbook.sqlfiles import SqlFile, in_order_of_creation
from sqlglot import exp

from meterbook_local.dialect import parse, to_duckdb
from meterbook_local.models import Model, is_dynamic, models_of
from meterbook_local.refresh import Refresh

_LANDED = [*LANDING_TABLES.values(), RECORDS_TABLE]
_ENGINE = """
create schema if not exists engine;
create table if not exists engine.applied (path varchar primary key, sha256 varchar);
create table if not exists engine.models (name varchar primary key, is_filled boolean);
create table if not exists engine.tables (name varchar primary key, next_rowid bigint);
create table if not exists engine.files (file_name varchar primary key);
create table if not exists engine.waiting (record_name varchar);
"""


class DuckDBWarehouse:
    """A `Warehouse` in one DuckDB file, or in memory without a path."""

    sql_folders: ClassVar[tuple[str, ...]] = ("tables", "models")

    def __init__(self, path: Path | None = None) -> None:
        self._db = duckdb.connect(str(path) if path else ":memory:")
        self._db.execute("set timezone = 'UTC'")
        self._db.execute("set enable_progress_bar = false")  # our output is ours
        # Rows keep the order of the file they came from: file_row is counted while reading.
        self._db.execute("set preserve_insertion_order = true")
        self._db.execute(_ENGINE)
        self._models: dict[str, Model] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def pending(self, files: Sequence[SqlFile]) -> list[SqlFile]:
        """The files whose text is not the one that was applied last, in order of creation."""
        applied = {str(path): sha256 for path, sha256 in self._rows("from engine.applied")}
        order = in_order_of_creation(files)
        return [file for file in order if applied.get(file.path) != file.sha256]

    def apply(self, files: Sequence[SqlFile]) -> list[str]:
        """Create tables once, and create or alter models and views whose text has changed."""
        models = models_of(files)
        changed = self.pending(files)
        with self._transaction():
            for (name,) in self._rows("select name from engine.models"):
                if name not in models:
                    self._forget(str(name))
            for file in changed:
                self._define(file, models)
        self._models = models
        return [file.name for file in changed]

    def _define(self, file: SqlFile, models: dict[str, Model]) -> None:
        for statement in parse(file.text, file.path):
            if is_dynamic(statement):
                self._forget(file.name)
                self._run(f"create table {file.name} as {models[file.name].sql} limit 0", file.path)
                self._run("insert into engine.models values (?, false)", file.path, [file.name])
            else:
                self._run(_defining(statement, file.path), file.path)
        sql = "insert or replace into engine.applied values (?, ?)"
        self._run(sql, file.path, [file.path, file.sha256])

    def _forget(self, name: str) -> None:
        self._run(f"drop table if exists {name}", name)
        self._run("delete from engine.models where name = ?", name, [name])

    def load(self, landing: ObjectStore, at: datetime) -> list[Loaded]:
        """Load every closed delivery that is not here yet, each whole or not at all.

        A file that its closing record names and that has not arrived is left for a later load;
        until then the delivery does not count. What Firehose has written needs no closing record.
        """
        here = {str(name) for (name,) in self._rows("from engine.files")}
        waiting = {str(name) for (name,) in self._rows("from engine.waiting")}
        stored = set(landing.keys())
        loaded = []
        for key in sorted(name for name in stored if name.startswith(RECORDS_PREFIX)):
            if key in here and key not in waiting:
                continue
            record = closing_record(landing, key)
            names = [name for name in file_names(record) if name not in here]
            new = [name for name in names if name in stored]
            if new or key not in here:
                table = LANDING_TABLES[str(record["stream"])]
                with self._transaction():
                    row_count = sum(self._load(table, name, landing, at) for name in new)
                    if key not in here:
                        self._load(RECORDS_TABLE, key, landing, at)
                    self._run("delete from engine.waiting where record_name = ?", key, [key])
                    if len(new) < len(names):
                        self._run("insert into engine.waiting values (?)", key, [key])
                loaded.append(Loaded(str(record["delivery_id"]), str(record["stream"]), row_count))
        return loaded + [self._load_alone(name, landing, at) for name in arrived(stored - here)]

    def _load_alone(self, name: str, landing: ObjectStore, at: datetime) -> Loaded:
        """Load what Firehose wrote: such an object is a delivery of its own."""
        with self._transaction():
            return Loaded(name, "usage", self._load(LANDING_TABLES["usage"], name, landing, at))

    def _load(self, table: str, name: str, landing: ObjectStore, at: datetime) -> int:
        sql = (
            f"insert into {table} select json, ?, row_number() over (), ? "
            "from read_ndjson_objects(?, maximum_object_size = 67108864)"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(landing.get(name))
            naive = at.astimezone(UTC).replace(tzinfo=None)
            try:
                counted = self._db.execute(sql, [name, naive, str(path)]).fetchone()
            except duckdb.Error as error:
                detail = f"cannot be loaded: {str(error).splitlines()[0]}"
                raise FileRefused(file=name, detail=detail) from error
        self._run("insert into engine.files values (?)", name, [name])
        return int(counted[0]) if counted else 0

    def refresh(self) -> list[Refreshed]:
        """Bring every model up to date, in one transaction."""
        with self._transaction():
            filled = [
                str(name)
                for (name,) in self._rows("select name from engine.models where is_filled")
            ]
            result = Refresh(self._db, filled).run(self._models.values(), self._grown())
            self._run("update engine.models set is_filled = true where not is_filled", "refresh")
        return result

    def _grown(self) -> dict[str, int]:
        """Landing tables that have grown since the last refresh, with their first new rowid.

        They are append only, so their rowids never move.
        """
        seen = {str(name): int(str(rowid)) for name, rowid in self._rows("from engine.tables")}
        grown = {}
        for name in _LANDED if self._models else []:
            ((last,),) = self._rows(f"select coalesce(max(rowid), -1) from {name}")
            first = seen.get(name, 0)
            if int(str(last)) >= first:
                grown[name] = first
                sql = "insert or replace into engine.tables values (?, ?)"
                self._run(sql, "refresh", [name, int(str(last)) + 1])
        return grown

    def query(self, sql: str, binds: Sequence[object] = ()) -> list[Row]:
        """Rows of one Snowflake select, values bound to `?`."""
        (statement,) = parse(sql, "query")
        found = self._run(to_duckdb(statement, "query").sql(dialect="duckdb"), "query", binds)
        names = [column[0].lower() for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _run(self, sql: str, path: str, binds: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        try:
            return self._db.execute(sql, list(binds))
        except duckdb.Error as error:
            raise SqlRefused(file=path, detail=str(error)) from error

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        return self._db.execute(sql).fetchall()


def _defining(statement: exp.Expression, path: str) -> str:
    tree = to_duckdb(statement, path)
    for comment in list(tree.find_all(exp.SchemaCommentProperty)):
        comment.pop()
    return tree.sql(dialect="duckdb")
