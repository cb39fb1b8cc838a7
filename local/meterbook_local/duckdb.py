"""The book on one machine: the texts of `sql/` on an embedded DuckDB file.

A dynamic table becomes a table that `refresh.py` keeps by the refresh its header declares; views
and landing tables are what they are, apart from those of usage (`landed.py`). `sql/snowflake/` is
not run here.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import duckdb
from meterbook.delivery import (
    LANDING_TABLES,
    RECORDS_PREFIX,
    RECORDS_TABLE,
    arrived,
    closing_record,
    row_counts,
)
from meterbook.errors import FileRefused, SqlRefused
from meterbook.ports import Loaded, ObjectStore, Refreshed, Row
from meterbook.sqlfiles import SqlFile, in_order_of_creation, read_sql
from sqlglot import exp

from meterbook_local.dialect import parse, tables_of, to_duckdb
from meterbook_local.landed import FILED, LONGEST, LandedFiles
from meterbook_local.models import Model, is_dynamic, models_of
from meterbook_local.refresh import Grown, Refresh

_STORED = [*(name for name in LANDING_TABLES.values() if name not in FILED), RECORDS_TABLE]
_OWN_SQL = Path(__file__).parent / "sql"
_MEMORY = "1500MB"  # beyond it DuckDB works on disk; the rest of the process needs some too
_AT_ONCE = 200  # deliveries or files; each costs a millisecond or two when it comes alone
_SMALL = 2**20  # bytes, gzipped, of files that are loaded together
_LAYOUT = 3  # of the schema `engine`; a book of an earlier layout is built again from landing
_ENGINE = f"""
create schema if not exists engine;
create schema if not exists account_usage;
create table if not exists engine.layout as select {_LAYOUT} as version;
create table if not exists engine.applied (path varchar primary key, sha256 varchar);
create table if not exists engine.models (
    name varchar primary key, sha256 varchar, is_filled boolean
);
create table if not exists engine.tables (name varchar primary key, next_rowid bigint);
create table if not exists engine.files (
    file_name varchar primary key, table_name varchar, loaded_at timestamp, is_typed boolean
);
create table if not exists engine.waiting (record_name varchar);
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """A delivery that is to be loaded: its record, and its files that are there and not loaded."""

    key: str
    delivery_id: str
    stream: str
    new: Sequence[str]
    row_count: int
    is_here: bool
    waits: bool

    @classmethod
    def by(cls, record: Mapping[str, object], key: str, here: Set[str], stored: Set[str]) -> _Told:
        """What a closing record tells, against what is in the book and what has arrived."""
        counts = row_counts(record)
        names = [name for name in counts if name not in here]
        new = [name for name in names if name in stored]
        return cls(
            key,
            str(record["delivery_id"]),
            str(record["stream"]),
            new,
            sum(counts[name] for name in new),
            key in here,
            len(new) < len(names),
        )


class DuckDBWarehouse:
    """A `Warehouse` in one DuckDB file, or in memory without a path."""

    sql_folders: ClassVar[tuple[str, ...]] = ("tables", "models")

    def __init__(self, path: Path | None = None, files: Path | None = None) -> None:
        """`files` is the folder in which usage lies as it landed, by default one of its own."""
        own = path.with_suffix(".landed") if path else _passing(self)
        self._files = LandedFiles(files or own)
        self._db = duckdb.connect(str(path) if path else ":memory:")
        self._db.execute("set timezone = 'UTC'")
        self._db.execute("set enable_progress_bar = false")  # our output is ours
        self._db.execute(f"set memory_limit = '{_MEMORY}'")
        # Rows keep the order of the file they came from: file_row is counted while reading.
        self._db.execute("set preserve_insertion_order = true")
        self._lay_out()
        self._models: dict[str, Model] = {}

    def _lay_out(self) -> None:
        with self._transaction():
            sql = "select table_name from information_schema.tables where table_schema = 'engine'"
            tables = [name for (name,) in self._rows(sql)]
            laid_out = self._rows("from engine.layout") if "layout" in tables else []
            if tables and laid_out != [(_LAYOUT,)]:
                for schema in ("metering", "billing", "validation", "account_usage", "engine"):
                    self._db.execute(f"drop schema if exists {schema} cascade")
            self._db.execute(_ENGINE)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def pending(self, files: Sequence[SqlFile]) -> list[SqlFile]:
        """The files whose text is not the one that was applied last, in order of creation."""
        applied = {str(path): sha256 for path, sha256 in self._rows("from engine.applied")}
        order = in_order_of_creation(_with_own(files))
        return [file for file in order if applied.get(file.path) != file.sha256]

    def apply(self, files: Sequence[SqlFile]) -> list[str]:
        """Create tables once, and create or alter models and views whose text has changed."""
        models = models_of(_with_own(files))
        changed = self.pending(files)
        with self._without_plans(), self._transaction():
            for (name,) in self._rows("select name from engine.models"):
                if name not in models:
                    self._forget(str(name))
            for file in changed:
                self._define(file, models)
            laid_out = self._rows("select name, sha256 from engine.models")
            for model in models.values():
                if (model.name, model.sha256) not in laid_out:
                    self._begin_anew(model)
        self._models = models
        return [file.name for file in changed]

    def _define(self, file: SqlFile, models: dict[str, Model]) -> None:
        for number, statement in enumerate(parse(file.text, file.path)):
            if is_dynamic(statement):
                self._begin_anew(models[file.name])
            elif _defined(statement) in models:
                continue  # a table that somebody else fills in an account
            elif _defined(statement) not in FILED:
                self._run(_defining(file.text, number, file.path), file.path)
            else:
                self._show_landed(_defined(statement))
        sql = "insert or replace into engine.applied values (?, ?)"
        self._run(sql, file.path, [file.path, file.sha256])

    def _begin_anew(self, model: Model) -> None:
        """Have an empty table for a model whose text, or that of a view it reads, has changed."""
        self._forget(model.name)
        self._run(f"create table {model.name} as {model.sql} limit 0", model.path)
        sql = "insert into engine.models values (?, ?, false)"
        self._run(sql, model.path, [model.name, model.sha256])

    def _forget(self, name: str) -> None:
        self._run(f"drop table if exists {name}", name)
        self._run("delete from engine.models where name = ?", name, [name])

    def load(self, landing: ObjectStore, at: datetime) -> list[Loaded]:
        """Load every closed delivery that is not here yet, each whole or not at all.

        A file that its closing record names and that has not arrived is left for a later load;
        until then the delivery does not count. What Firehose has written needs no closing record.
        """
        here = {str(name) for (name,) in self._rows("select file_name from engine.files")}
        waiting = {str(name) for (name,) in self._rows("from engine.waiting")}
        stored = set(landing.keys())
        told = []
        for key in sorted(name for name in stored if name.startswith(RECORDS_PREFIX)):
            if key in here and key not in waiting:
                continue
            delivery = _Told.by(closing_record(landing, key), key, here, stored)
            if delivery.new or key not in here:
                told.append(delivery)
        for first in range(0, len(told), _AT_ONCE):
            self._load_all(told[first : first + _AT_ONCE], landing, at)
        loaded = [Loaded(one.delivery_id, one.stream, one.row_count) for one in told]
        return loaded + self._load_arrived(arrived(stored - here), landing, at)

    def _load_all(self, told: Sequence[_Told], landing: ObjectStore, at: datetime) -> None:
        """Load some deliveries at once; where one cannot be read, all that come before it."""
        try:
            with self._transaction():
                self._load_together(told, landing, at)
        except FileRefused:
            if len(told) == 1:
                raise
            for one in told:
                self._load_all([one], landing, at)

    def _load_together(self, told: Sequence[_Told], landing: ObjectStore, at: datetime) -> None:
        files: dict[str, list[str]] = {}
        for one in told:
            files.setdefault(LANDING_TABLES[one.stream], []).extend(one.new)
            files.setdefault(RECORDS_TABLE, []).extend([] if one.is_here else [one.key])
            self._run("delete from engine.waiting where record_name = ?", one.key, [one.key])
            if one.waits:
                self._run("insert into engine.waiting values (?)", one.key, [one.key])
        for table, names in files.items():
            self._load(table, names, landing, at)

    def _load_arrived(self, names: list[str], landing: ObjectStore, at: datetime) -> list[Loaded]:
        """Load what Firehose wrote: each such object is a delivery of its own."""
        streams = [name.partition("/")[0] for name in names]
        for name in names:
            self._files.keep(landing, name)
        tables = [LANDING_TABLES[stream] for stream in streams]
        sql = "insert into engine.files select unnest(?), unnest(?), ?, false"
        self._run(sql, "load", [names, tables, at.astimezone(UTC).replace(tzinfo=None)])
        return [Loaded(*one, None) for one in zip(names, streams, strict=True)]

    def _load(self, table: str, names: Sequence[str], landing: ObjectStore, at: datetime) -> None:
        naive = at.astimezone(UTC).replace(tzinfo=None)
        for name in names if table in FILED else ():
            self._files.keep(landing, name)
        for few in _small_groups(landing, () if table in FILED else names):
            self._insert(table, few, naive)
        sql = "insert into engine.files select unnest(?), ?, ?, false"
        self._run(sql, "load", [list(names), table, naive])

    def _insert(self, table: str, bodies: Mapping[str, bytes], at: datetime) -> None:
        """Insert the rows of some files, each row with its file and its place in it."""
        place = "l.line - min(l.line) over (partition by l.filename) + 1"
        together = (
            "with lines as (select json, filename, row_number() over () as line "
            f"from read_ndjson_objects(?, {LONGEST}, filename = true)), "
            "named as (select unnest(?) as filename, unnest(?) as file_name) "
            f"insert into {table} select l.json, n.file_name, {place}, ? "
            "from lines as l inner join named as n on l.filename = n.filename order by l.line"
        )
        alone = (
            f"insert into {table} select json, ?, row_number() over (), ? "
            f"from read_ndjson_objects(?, {LONGEST})"
        )
        names = list(bodies)
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder) / f"{n}-{Path(name).name}") for n, name in enumerate(names)]
            for path, body in zip(paths, bodies.values(), strict=True):
                Path(path).write_bytes(body)
            try:
                if len(names) == 1:
                    self._db.execute(alone, [names[0], at, paths[0]])
                else:
                    self._db.execute(together, [paths, paths, names, at])
            except duckdb.Error as error:
                raise _refused(names[0], str(error).splitlines()[0]) from error

    def refresh(self, only: Collection[str] = ()) -> list[Refreshed]:
        """Bring every model up to date, in one transaction; here nobody waits long for all.

        Errors: `FileRefused` for a file of usage that cannot be read; it counts as not loaded.
        """
        new = [file for table in sorted(FILED) for file in self._files_of(table, "not is_typed")]
        try:
            with self._transaction():
                filled = [
                    str(name)
                    for (name,) in self._rows("select name from engine.models where is_filled")
                ]
                grown = self._grown() | self._grown_files()
                result = Refresh(self._db, filled).run(self._models.values(), grown)
                self._run(
                    "update engine.models set is_filled = true where not is_filled", "refresh"
                )
                self._run("update engine.files set is_typed = true where not is_typed", "refresh")
        except SqlRefused:
            name, detail = self._files.unreadable(self._db, new)
            if not name:
                raise
            self._run("delete from engine.files where file_name = ?", name, [name])
            raise _refused(name, detail) from None
        return result

    def _grown(self) -> dict[str, Grown]:
        """Landing tables that have grown since the last refresh, with their new rows.

        They are append only, so their rowids never move.
        """
        seen = {str(name): int(str(rowid)) for name, rowid in self._rows("from engine.tables")}
        grown = {}
        for name in _STORED if self._models else []:
            ((last,),) = self._rows(f"select coalesce(max(rowid), -1) from {name}")
            first = seen.get(name, 0)
            if int(str(last)) >= first:
                new = f"select * from {name} where rowid >= {first}"
                grown[name] = Grown([new], partial(_all_of, name))
                sql = "insert or replace into engine.tables values (?, ?)"
                self._run(sql, "refresh", [name, int(str(last)) + 1])
        return grown

    def _grown_files(self) -> dict[str, Grown]:
        """The same of what is read from files, with all of it for a model that starts anew."""
        grown = {}
        for table in sorted(FILED) if self._models else []:
            new = self._files_of(table, "not is_typed")
            all_files = partial(self._all_files_of, table)
            grown[table] = Grown(self._selects(new), all_files, is_filed=True)
        return grown

    def _files_of(self, table: str, condition: str = "true") -> list[tuple[str, datetime]]:
        columns = "file_name, loaded_at"
        sql = f"select {columns} from engine.files where table_name = ? and {condition} order by 1"
        return self._db.execute(sql, [table]).fetchall()

    def _all_files_of(self, table: str) -> list[str]:
        return self._selects(self._files_of(table))

    def _selects(self, files: Sequence[tuple[str, datetime]]) -> list[str]:
        return [self._files.select(chunk) for chunk in self._files.chunks(files)]

    def _show_landed(self, table: str) -> None:
        """Let the view over the files of a landing table show all that is loaded."""
        files = self._files_of(table)
        self._run(f"create or replace view {table} as {self._files.lookup(files)}", table)

    def query(self, sql: str, binds: Sequence[object] = ()) -> list[Row]:
        """Rows of one Snowflake select, values bound to `?`."""
        (statement,) = parse(sql, "query")
        for table in sorted(tables_of(statement) & FILED):
            self._show_landed(table)
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

    @contextmanager
    def _without_plans(self) -> Iterator[None]:
        """Do not look for a good plan: while tables are made empty, nothing is read."""
        self._db.execute("pragma disable_optimizer")
        try:
            yield
        finally:
            self._db.execute("pragma enable_optimizer")

    def _run(self, sql: str, path: str, binds: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        try:
            return self._db.execute(sql, list(binds))
        except duckdb.Error as error:
            raise SqlRefused(file=path, detail=str(error)) from error

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        return self._db.execute(sql).fetchall()


def _small_groups(landing: ObjectStore, names: Sequence[str]) -> Iterator[dict[str, bytes]]:
    """The bodies of files, as many at once as are small; a large one comes alone."""
    few: dict[str, bytes] = {}
    size = 0
    for name in names:
        body = landing.get(name)
        if few and (len(few) == _AT_ONCE or size + len(body) > _SMALL):
            yield few
            few, size = {}, 0
        few[name] = body
        size += len(body)
    if few:
        yield few


def _with_own(files: Sequence[SqlFile]) -> list[SqlFile]:
    """The files, and what stands here for what Snowflake has of its own, where they ask for it."""
    asked = any(file.name == "metering.snowflake_credit_usage" for file in files)
    return [*files, *read_sql("models", _OWN_SQL)] if asked else [*files]


def _passing(owner: object) -> Path:
    """A folder that goes when its owner does."""
    folder = tempfile.mkdtemp(prefix="meterbook-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _all_of(table: str) -> list[str]:
    return [f"select * from {table}"]


def _defined(statement: exp.Expression) -> str:
    table = statement.find(exp.Table)
    return f"{table.db}.{table.name}".lower() if table else ""


def _refused(name: str, detail: str) -> FileRefused:
    return FileRefused(file=name, detail=f"cannot be loaded: {detail}")


@lru_cache(maxsize=512)  # a book is opened more often than its texts change
def _defining(text: str, number: int, path: str) -> str:
    """A statement of a file, the first being 0, as DuckDB runs it."""
    statement = parse(text, path)[number]
    tree = to_duckdb(statement, path)
    for comment in list(tree.find_all(exp.SchemaCommentProperty)):
        comment.pop()
    return tree.sql(dialect="duckdb")
