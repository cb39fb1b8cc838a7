"""A union loses no decimals: DuckDB gives NUMBER(38,0) beside NUMBER(38,6) no room for the six."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from meterbook.book import Book
from meterbook.sqlfiles import SqlFile, read_sql
from meterbook_local.clock import SystemClock
from meterbook_local.dialect import parse, to_duckdb
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from sqlglot import exp

TEXTS = [
    file for file in read_sql("models") + read_sql("queries") + read_sql("checks")
    if "union" in file.text
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("empty") / "book.duckdb"
    warehouse = DuckDBWarehouse(path)
    Book(warehouse, FolderStore(path.parent / "landing"), SystemClock()).apply()
    warehouse.close()
    with duckdb.connect(str(path)) as connection:
        yield connection


def branches(file: SqlFile) -> Iterator[list[str]]:
    """Of each union of a text its branches, each a whole query with the CTEs before it."""
    (statement,) = parse(file.text, file.path)
    select = statement.expression if isinstance(statement, exp.Create) else statement
    ctes = list(select.find_all(exp.CTE))
    for union in select.find_all(exp.Union):
        if isinstance(union.parent, exp.Union):
            continue
        inside = union.find_ancestor(exp.CTE)
        before = ctes[: ctes.index(inside)] if inside else ctes
        yield [_alone(part, before, file) for part in _parts(union)]


def _parts(union: exp.Expression) -> Iterator[exp.Expression]:
    if isinstance(union, exp.Union):
        yield from _parts(union.this)
        yield from _parts(union.expression)
    else:
        yield union


def _alone(part: exp.Expression, ctes: list[exp.CTE], file: SqlFile) -> str:
    select = part.copy()
    select.set("with_", None)
    select.set("with", None)
    for cte in ctes:
        select = select.with_(cte.alias, as_=cte.this.copy())
    for bound in list(select.find_all(exp.Placeholder)):
        bound.replace(exp.null())
    return to_duckdb(select, file.path).sql(dialect="duckdb")


def types_of(engine: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [str(row[1]) for row in engine.execute(f"describe {query}").fetchall()]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.path)
def test_the_branches_of_a_union_have_one_scale(
    engine: duckdb.DuckDBPyConnection, file: SqlFile
) -> None:
    for union in branches(file):
        for column, types in enumerate(zip(*(types_of(engine, one) for one in union), strict=True)):
            scales = {found for found in types if found.startswith("DECIMAL(38")}
            assert len(scales) <= 1, f"{file.path}, column {column + 1}: {', '.join(types)}"
