"""Snowflake on this machine, for tests of the adapter: fakesnow, and what it lacks.

It stands in for a session, not for Snowflake. Added to fakesnow 0.12.1 here: exact sums, a COPY of
JSON lines with the metadata columns, dynamic tables that can be refreshed, and roles, grants, file
formats, pipes and tasks that are remembered and do nothing. ACCOUNT_USAGE is there and is empty. Its division goes through DOUBLE, and it can
tell nothing of refresh modes, target lags, rights, locks, costs or Snowpipe.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import fakesnow.transforms
import snowflake.connector.errors
from fakesnow.instance import FakeSnow
from meterbook.snowflake.warehouse import SnowflakeWarehouse

# Decimals stay decimals: left to itself, fakesnow sums them as DOUBLE and casts NUMBER(38, 0) to BIGINT.
fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression
fakesnow.transforms.integer_precision = lambda expression: expression
_COPY = re.compile(
    r"copy into (?P<table>\S+) .*'(?P<at>[-0-9: .]+)'::timestamp.*\nfiles = \((?P<files>.*?)\)\n",
    re.S,
)
_DYNAMIC = re.compile(r"create or alter dynamic table (?P<name>\S+).*?\nas\n(?P<select>.*)", re.S)
_REFRESH = re.compile(r"alter dynamic table .+ refresh")
_REMEMBERED = re.compile(
    r"\s*(use role|grant|revoke|create pipe|create file format|alter table"
    r"|create row access policy|alter row access policy|alter view"
    r"|create or alter task|alter task)"
)
_databases = count()


# The columns of ACCOUNT_USAGE that the book reads; an account has more.
_ACCOUNT_USAGE = """
create table metering_daily_history (
    usage_date date, service_type varchar, credits_used_compute number(38, 9),
    credits_used_cloud_services number(38, 9), credits_adjustment_cloud_services number(38, 10),
    credits_billed number(38, 10)
);
create table warehouse_metering_history (
    warehouse_name varchar, start_time timestamp_ntz, end_time timestamp_ntz,
    credits_used_compute number(38, 9), credits_used_cloud_services number(38, 9),
    credits_attributed_compute_queries number(38, 9)
);
create table query_history (
    warehouse_name varchar, query_tag varchar, role_name varchar, user_name varchar,
    end_time timestamp_ntz, execution_time number(38, 0)
)
"""


@cache
def _fakesnow() -> FakeSnow:
    made = FakeSnow()  # one for all: a new one costs a quarter of a second
    with _as_snowflake_says():
        cursor = made.connect("snowflake", "account_usage").cursor()
        for statement in _ACCOUNT_USAGE.split(";"):
            cursor.execute(statement)
    return made


class Session:
    """A connection as the adapter sees it; `said` is every statement that it was told."""

    def __init__(self, landing: Path) -> None:
        self.database = f"book_{next(_databases)}"
        self.connection = _fakesnow().connect(self.database, "public", paramstyle="qmark")
        self.landing = landing
        self.said: list[str] = []
        self.dynamic: dict[str, str] = {}
        self.fails: list[
            tuple[str, int]
        ] = []  # the next statement that begins so fails, with a number

    def cursor(self) -> _Cursor:
        return _Cursor(self, self.connection.cursor())

    def close(self) -> None:
        self.connection.close()


class _Cursor:
    def __init__(self, session: Session, cursor: Any) -> None:
        self._session = session
        self._cursor = cursor
        self._is_silent = False

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def execute(self, sql: str, binds: Sequence[object] | None = None) -> None:
        self._session.said.append(sql)
        plain = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
        if self._session.fails and plain.strip().startswith(self._session.fails[0][0]):
            number = self._session.fails.pop(0)[1]
            raise snowflake.connector.errors.OperationalError(msg="Not now.", errno=number)
        with _as_snowflake_says():
            if copied := _COPY.search(plain):
                self._copy(**copied.groupdict())
            elif dynamic := _DYNAMIC.search(plain):
                self._cursor.execute(
                    "create or replace table {name} as {select}".format(**dynamic.groupdict())
                )
                self._session.dynamic[dynamic["name"]] = self._cursor._last_transformed.sql(
                    dialect="duckdb"
                )
            elif _REFRESH.search(plain):
                self._is_silent = True
                for said_to_duckdb in self._session.dynamic.values():
                    self._session.connection._duck_conn.execute(said_to_duckdb)
            elif _REMEMBERED.match(plain):
                self._is_silent = True
            else:
                self._cursor.execute(plain, binds)

    def _copy(self, table: str, at: str, files: str) -> None:
        rows = 0
        for name in re.findall(r"'(.+?)'", files):
            path = str(self._session.landing / name)
            (count,) = self._session.connection._duck_conn.execute(
                f"insert into {self._session.database}.{table} select json, ?, row_number() over (), cast(? as timestamp) "
                "from read_ndjson_objects(?, hive_partitioning = false)",
                [name, at, path],
            ).fetchone()
            rows += count
        self._cursor.execute(f"select {rows} as rows_loaded")

    @property
    def description(self) -> list[Any]:
        with _as_snowflake_says():
            return [] if self._is_silent else self._cursor.description

    def fetchall(self) -> list[tuple[Any, ...]]:
        with _as_snowflake_says():
            return [] if self._is_silent else self._cursor.fetchall()


@contextmanager
def _as_snowflake_says() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # fakesnow takes its rows in a way that duckdb frowns on
            yield
    except duckdb.Error as error:
        raise snowflake.connector.errors.ProgrammingError(msg=str(error), errno=100) from error


def snowflake_warehouse(
    landing: Path, left_to_pipes: Collection[str] = (), **options: Any
) -> SnowflakeWarehouse:
    """The adapter over a session of its own; without pipes, it copies every stream."""
    return SnowflakeWarehouse(Session(landing), left_to_pipes=left_to_pipes, **options)
