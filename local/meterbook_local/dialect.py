"""Snowflake SQL as DuckDB runs it: one text, two engines.

sqlglot does most of it. What it gets wrong for the constructs that `sql/` uses is put right here,
on the tree; every rule has a case with an expected value in `tests/dialect`.
"""

from __future__ import annotations

import logging
from functools import lru_cache

import sqlglot
from meterbook.errors import SqlRefused
from sqlglot import exp

# sqlglot warns of `target_lag` and `warehouse`, which only Snowflake has a use for.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@lru_cache(maxsize=1024)
def parse(text: str, path: str) -> tuple[exp.Expression, ...]:
    """Parse a file of Snowflake statements. Errors: `SqlRefused` naming the file."""
    try:
        statements = sqlglot.parse(text, read="snowflake")
    except sqlglot.errors.SqlglotError as error:
        raise SqlRefused(file=path, detail=str(error).splitlines()[0]) from error
    if any(isinstance(statement, exp.Command) for statement in statements if statement):
        raise SqlRefused(file=path, detail="holds a statement that one machine cannot run")
    return tuple(found for found in statements if isinstance(found, exp.Expression))


def tables_of(tree: exp.Expression) -> frozenset[str]:
    """The qualified tables that a statement reads (`metering.usage_daily`), without CTE names."""
    tables = (table for table in tree.find_all(exp.Table) if table.db)
    return frozenset(f"{table.db}.{table.name}".lower() for table in tables)


def to_duckdb(tree: exp.Expression, path: str) -> exp.Expression:
    """Say a Snowflake statement in DuckDB's terms, as a tree to be written with DuckDB's dialect.

    Errors: `SqlRefused` for what it cannot say.
    """
    tree = tree.copy()
    _unfold(tree, path)
    _take_text_of_variants(tree)
    _divide_whole_numbers(tree, path)
    _keep_variants_as_json(tree)
    return tree


def _unfold(tree: exp.Expression, path: str) -> None:
    """`from t, lateral flatten(input => t.x) as f` → unnest in a select over t alone.

    A correlated lateral join would be planned row by row; a list unnested in the select streams.
    """
    for lateral in list(tree.find_all(exp.Lateral)):
        select = lateral.find_ancestor(exp.Select)
        unfolded = next(
            (a.expression for a in lateral.find_all(exp.Kwarg) if a.name.lower() == "input"), None
        )
        if select is None or unfolded is None:
            raise SqlRefused(file=path, detail="write `from t, lateral flatten(input => t.x) as f`")
        _unnest_beside(select, lateral.alias, unfolded)
        select.set("joins", [j for j in select.args["joins"] if j.this is not lateral])


def _unnest_beside(select: exp.Select, alias: str, unfolded: exp.Expression) -> None:
    source = select.args["from_"].this
    name = source.alias_or_name
    for column in unfolded.find_all(exp.Column):
        column.set("table", None)
    parts = f"json_extract({unfolded.sql(dialect='duckdb')}, '$[*]')"
    table = source.copy()
    table.set("alias", None)
    inner = sqlglot.parse_one(
        f"select *, unnest(_parts) as {alias}_value, "
        f"generate_subscripts(_parts, 1) - 1 as {alias}_index "
        f"from (select *, {parts} as _parts from {table.sql(dialect='duckdb')})",
        read="duckdb",
    )
    subquery = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
    select.args["from_"].set("this", subquery)
    for column in list(select.find_all(exp.Column)):
        if column.table == alias:
            column.replace(exp.column(f"{alias}_{column.name}", table=name))


def _take_text_of_variants(tree: exp.Expression) -> None:
    """`record:a.b::varchar` → `->>`: a cast takes the text of a JSON value, never its quotes."""
    for cast in list(tree.find_all(exp.Cast)):
        inner = cast.this
        if isinstance(inner, exp.JSONExtract | exp.GetExtract):
            text = exp.JSONExtractScalar(this=inner.this, expression=inner.expression)
            cast.set("this", exp.Paren(this=text))
    for whole in list(tree.find_all(exp.JSONFormat)):
        whole.replace(exp.cast(whole.this, "text"))
    for size in list(tree.find_all(exp.ArraySize)):
        size.replace(exp.func("json_array_length", size.this))


def _divide_whole_numbers(tree: exp.Expression, path: str) -> None:
    """The one form of division: `(n - mod(n, d)) / d` on whole numbers, exact as HUGEINT."""
    for division in list(tree.find_all(exp.Div)):
        if not _is_whole(division):
            detail = f"divide as (n - mod(n, d)) / d, not {division.sql(dialect='snowflake')}"
            raise SqlRefused(file=path, detail=detail)
        whole = exp.IntDiv(
            this=exp.cast(division.this, "hugeint", dialect="duckdb"),
            expression=exp.cast(division.expression, "hugeint", dialect="duckdb"),
        )
        division.replace(whole)


def _is_whole(division: exp.Div) -> bool:
    difference = division.this.unnest()
    if not isinstance(difference, exp.Sub):
        return False
    rest = difference.expression.unnest()
    return (
        isinstance(rest, exp.Mod)
        and rest.this.unnest() == difference.this.unnest()
        and rest.expression.unnest() == division.expression.unnest()
    )


def _keep_variants_as_json(tree: exp.Expression) -> None:
    for kind in list(tree.find_all(exp.DataType)):
        if kind.is_type("variant"):
            kind.replace(exp.DataType.build("json", dialect="duckdb"))
