"""The book on Snowflake: the texts of `sql/`, as they are written.

A file is applied by its own text, statement by statement, and noted in `metering.applied_sql` as
soon as it is done. Snowflake commits each definition by itself, so an `apply` that fails leaves
what came before it in place, and the next one goes on from there.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import ClassVar, Final

from snowflake.connector import SnowflakeConnection
from snowflake.connector.util_text import split_statements

from meterbook.delivery import (
    LANDING_TABLES,
    RECORDS_PREFIX,
    RECORDS_TABLE,
    closing_record,
    record_key,
    row_counts,
)
from meterbook.errors import InputRefused, SnowflakeFailed, SnowflakeUnavailable, SqlRefused
from meterbook.ports import Loaded, ObjectStore, Refreshed, Row
from meterbook.snowflake.connection import our_errors
from meterbook.sqlfiles import SqlFile, in_order_of_creation, read_sql

WAREHOUSE: Final = "meterbook_transform"
LEFT_TO_PIPES: Final = frozenset({"usage", "usage_counts", "cur"})
_LANDING_OWNER = "meterbook_landing_owner"
# Of what is published; a view that is replaced has lost its readers, and its policy of rows.
_READER, _FINANCE = "meterbook_reader", "meterbook_finance"
_ROWS_BY = {"tenant_id": "metering.tenant_rows", "account_id": "metering.account_rows"}
_TRIES = 3
_FILES_PER_COPY = 1000  # Snowflake takes no more names in one statement
_HISTORY = """
create schema if not exists metering;
create table if not exists metering.applied_sql (
    path varchar not null,
    sha256 varchar not null,
    applied_at timestamp_ntz(6) not null default sysdate()
);
"""
_APPLIED = """
select path, sha256 from metering.applied_sql
qualify row_number() over (partition by path order by applied_at desc) = 1
"""
_COPY = """
copy into {table} (record, file_name, file_row, loaded_at)
from (
    select $1, metadata$filename, metadata$file_row_number,
        '{at:%Y-%m-%d %H:%M:%S.%f}'::timestamp_ntz(6)
    from @metering.landing
)
files = ({files})
file_format = (format_name = 'metering.json_lines')
on_error = abort_statement
force = true
"""
_MISSING = """
with landed as (
    {landed}
),

named as (
    select distinct
        d.record:stream::varchar as stream,
        d.record:delivery_id::varchar as delivery_id,
        f.value:file_name::varchar as file_name
    from metering.deliveries as d, lateral flatten(input => d.record:files) as f
)

select
    n.stream,
    n.delivery_id,
    n.file_name
from named as n
left join landed as l on n.file_name = l.file_name
where l.file_name is null
order by n.stream, n.delivery_id, n.file_name
"""


class SnowflakeWarehouse:
    """A `Warehouse` in the database that the connection stands in.

    `warehouse` takes the place of the one token that a deployment may change. `left_to_pipes` are
    the streams whose rows Snowpipe alone brings in: large ones that nobody waits for. The other
    streams are copied by `load` at once, because the job that landed them goes on reading; their
    pipes bring the same files again a little later, and a file row that came twice counts once.
    With `as_owners` each file is applied in the role that is to own what it makes; without, all of
    it belongs to the role of the session.
    """

    sql_folders: ClassVar[tuple[str, ...]] = (
        "tables", "snowflake/database", "models", "snowflake/tasks",
    )  # fmt: skip

    def __init__(
        self,
        connection: SnowflakeConnection,
        *,
        warehouse: str = WAREHOUSE,
        left_to_pipes: Collection[str] = LEFT_TO_PIPES,
        as_owners: bool = True,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]{0,254}", warehouse):
            raise InputRefused(detail=f"{warehouse!r} is no name of a warehouse.")
        self._connection = connection
        self._warehouse = warehouse
        self._copied = {s: t for s, t in LANDING_TABLES.items() if s not in left_to_pipes}
        self._as_owners = as_owners
        self._models: list[SqlFile] = []
        self._tries = _TRIES

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def pending(self, files: Sequence[SqlFile]) -> list[SqlFile]:
        """The files whose text is not the one that was applied last, in order of creation."""
        if not self._has_history():
            return in_order_of_creation(files)
        applied = {str(row["path"]): row["sha256"] for row in self.query(_APPLIED)}
        return [f for f in in_order_of_creation(files) if applied.get(f.path) != f.sha256]

    def _has_history(self) -> bool:
        sql = (
            "select count(*) as n from information_schema.tables"
            " where lower(table_schema) = 'metering' and lower(table_name) = 'applied_sql'"
        )
        return self.query(sql)[0]["n"] != 0

    def apply(self, files: Sequence[SqlFile]) -> list[str]:
        """Create or alter what changed, file by file; what is done already is not done again."""
        self._models = [file for file in files if file.path.startswith("models")]
        changed = self.pending(files)
        if changed:
            for statement in _statements(_HISTORY):
                self._run(statement)
        for file in changed:
            self._define(file)
        return [file.name for file in changed]

    def _define(self, file: SqlFile) -> None:
        try:
            with self._owner_of(file):
                for statement in _statements(file.text):
                    self._run(re.sub(rf"\b{WAREHOUSE}\b", self._warehouse, statement))
                if self._as_owners and file.path.startswith("models/publish/"):
                    self._publish(file)
        except SnowflakeFailed as error:
            if error.retryable:
                raise
            raise SqlRefused(file=file.path, detail=str(error.data["detail"])) from error
        note = "insert into metering.applied_sql (path, sha256) values (?, ?)"
        self._run(note, [file.path, file.sha256])

    def _publish(self, file: SqlFile) -> None:
        """Let readers see a view: the rows they are named for, or, if nobody's, finance alone."""
        columns = re.findall(r"^ {4}(?:\w+\.)?(\w+),?$", file.text, re.MULTILINE)
        whose = next((column for column in _ROWS_BY if column in columns), "")
        if whose:
            policy = _ROWS_BY[whose]
            self._run(f"alter view {file.name} add row access policy {policy} on ({whose})")
        self._run(f"grant select on view {file.name} to role {_READER if whose else _FINANCE}")

    @contextmanager
    def _owner_of(self, file: SqlFile) -> Iterator[None]:
        """Be the role that is to own what a file makes: it also refreshes or runs it later."""
        schema = file.name.partition(".")[0]
        derived = file.path.startswith(("models", "snowflake/tasks"))
        role = f"meterbook_{schema}_owner" if derived else _LANDING_OWNER
        if not self._as_owners:
            yield
            return
        own = self.query("select current_role() as role")[0]["role"]
        self._run(f"use role {role}")
        try:
            yield
        finally:
            self._run(f'use role "{own}"')

    def load(self, landing: ObjectStore, at: datetime) -> list[Loaded]:
        """Copy every closed delivery that is not here yet, each whole or not at all.

        Of a stream that is left to Snowpipe the closing record alone is copied: what the delivery
        holds counts when the pipe has brought all of it.
        """
        here = {str(row["file_name"]) for row in self.query(_names_in(RECORDS_TABLE))}
        waiting = self._waiting()
        for key in landing.keys(RECORDS_PREFIX):
            if key not in here:
                record = closing_record(landing, key)
                waiting.setdefault(key, [])
                if record["stream"] in self._copied:
                    waiting[key] = list(row_counts(record))
        loaded = []
        for key, names in waiting.items():
            stream, _, delivery_id = key.removeprefix(RECORDS_PREFIX).partition("/")
            new = [name for name in names if name in landing.keys(name)]
            if new or key not in here:
                with self._transaction():
                    rows = self._copy(self._copied[stream], new, at) if new else 0
                    if key not in here:
                        self._copy(RECORDS_TABLE, [key], at)
                loaded.append(Loaded(delivery_id.removesuffix(".json"), stream, rows))
        return loaded

    def _waiting(self) -> dict[str, list[str]]:
        """Files that are not here though their delivery's record is, by the key of that record."""
        if not self._copied:
            return {}
        landed = " union all ".join(_names_in(table) for table in self._copied.values())
        waiting: dict[str, list[str]] = {}
        for row in self.query(_MISSING.format(landed=landed)):
            if row["stream"] in self._copied:
                key = record_key(str(row["stream"]), str(row["delivery_id"]))
                waiting.setdefault(key, []).append(str(row["file_name"]))
        return waiting

    def _copy(self, table: str, names: Sequence[str], at: datetime) -> int:
        # `force`: only files that are not here are asked for, and a load that was rolled back must
        # not be remembered as done.
        rows = 0
        for first in range(0, len(names), _FILES_PER_COPY):
            files = ", ".join(_quoted(name) for name in names[first : first + _FILES_PER_COPY])
            sql = _COPY.format(table=table, files=files, at=at.astimezone(UTC))
            rows += sum(int(str(row.get("rows_loaded", 0))) for row in self._run(sql))
        return rows

    def refresh(self, only: Collection[str] = ()) -> list[Refreshed]:
        """Refresh the models that no other model reads; Snowflake first refreshes what they read.

        With `only` these models and what they read, for who cannot wait for all. One statement,
        so that all of them show the book at one moment. Snowflake refreshes by itself, at each
        model's target lag; this is for the job that cannot wait for it.
        """
        models = [file for file in self._models or read_sql("models") if _is_dynamic(file)]
        read = {name for file in models for name in file.reads}
        leaves = [f for f in models if (f.name in only if only else f.name not in read)]
        if leaves:
            names = ", ".join(file.name for file in leaves)
            self._run(f"alter dynamic table {names} refresh")
        return [Refreshed(file.name, _how(file)) for file in leaves]

    def query(self, sql: str, binds: Sequence[object] = ()) -> list[Row]:
        """Rows of one select, values bound to `?`."""
        return self._run(sql, binds)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("begin")
        self._tries = 1
        try:
            yield
            self._run("commit")
        except BaseException:
            self._run("rollback")
            raise
        finally:
            self._tries = _TRIES

    def _run(self, sql: str, binds: Sequence[object] = ()) -> list[Row]:
        """Say a statement; again, if it failed for what may pass. All of ours may be said twice.

        Not inside a transaction: what was said before it would be missing.
        """
        for _ in range(self._tries - 1):
            with suppress(SnowflakeUnavailable):
                return self._say(sql, binds)
        return self._say(sql, binds)

    def _say(self, sql: str, binds: Sequence[object]) -> list[Row]:
        with our_errors(), self._connection.cursor() as cursor:
            cursor.execute(sql, list(binds) or None)
            names = [column.name.lower() for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _statements(text: str) -> list[str]:
    """The statements of a text, each with the comments before it; comments alone are none."""
    found = (statement for statement, _ in split_statements(io.StringIO(text)) if statement)
    return [statement.rstrip().rstrip(";") for statement in found if _says_something(statement)]


def _says_something(statement: str) -> bool:
    lines = (line.strip() for line in statement.rstrip().rstrip(";").splitlines())
    return any(line and not line.startswith("--") for line in lines)


def _is_dynamic(file: SqlFile) -> bool:
    return file.header.get("kind", "").startswith("dynamic table")


def _how(file: SqlFile) -> str:
    return "whole" if file.header["kind"].endswith("full") else "parts"


def _names_in(table: str) -> str:
    return f"select distinct file_name from {table}"  # noqa: S608 - the door's own tables


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
