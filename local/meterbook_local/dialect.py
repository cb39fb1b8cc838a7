"""Snowflake SQL as DuckDB runs it: one text, two engines.

sqlglot does most of it. What it gets wrong for the constructs that `sql/` uses is put right here,
on the tree; every rule has a case with an expected value in `tests/dialect`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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
    _leave_the_account(tree)
    _unfold(tree, path)
    _read_records_once(tree)
    _find_repeated_keys_first(tree)
    _take_text_of_variants(tree)
    _divide_whole_numbers(tree, path)
    _keep_variants_as_json(tree)
    return tree


def _leave_the_account(tree: exp.Expression) -> None:
    """The database `snowflake` is Snowflake's own; here its views are a schema of the book."""
    for table in list(tree.find_all(exp.Table)):
        if table.catalog.lower() == "snowflake":
            table.set("catalog", None)


def _unfold(tree: exp.Expression, path: str) -> None:
    """`from t, lateral flatten(input => t.x) as f` → unnest in a select over t alone.

    A correlated lateral join would be planned row by row; a list unnested in the select streams.
    """
    for lateral in list(tree.find_all(exp.Lateral)):
        select = lateral.find_ancestor(exp.Select)
        options = {kwarg.name.lower(): kwarg.expression for kwarg in lateral.find_all(exp.Kwarg)}
        unfolded = options.pop("input", None)
        outer = options.pop("outer", exp.false()) == exp.true()
        if select is None or unfolded is None or any(v.name != "array" for v in options.values()):
            raise SqlRefused(file=path, detail="write `from t, lateral flatten(input => t.x) as f`")
        _unnest_beside(select, lateral.alias, unfolded, outer)
        select.set("joins", [j for j in select.args["joins"] if j.this is not lateral])


def _unnest_beside(select: exp.Select, alias: str, unfolded: exp.Expression, outer: bool) -> None:
    """Put a select in place of t that has t's columns and f's; each text is read once, typed."""
    source = select.args["from_"].this
    name, table = source.alias_or_name, source.copy()
    table.set("alias", None)
    column, *path = _path(unfolded)
    parts = _within(exp.column("_typed"), path)
    if outer:  # nothing to unfold is one row without a value
        some = exp.GT(this=exp.func("len", parts), expression=exp.Literal.number(0))
        parts = exp.case().when(some, parts).else_(exp.array(exp.null()))
    shape = _shape(select, (name, column), path, (alias, "value"))
    inner = sqlglot.parse_one(
        f"select *, unnest(_parts) as {alias}_value, "
        f"generate_subscripts(_parts, 1) - 1 as {alias}_index "
        f"from (select *, {parts.sql(dialect='duckdb')} as _parts from "
        f"(select *, from_json({column}, '{json.dumps(shape)}') as _typed from "
        f"{table.sql(dialect='duckdb')}))",
        read="duckdb",
    )
    subquery = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
    select.args["from_"].set("this", subquery)
    for found in list(select.find_all(exp.Column)):
        if found.table == alias:
            found.replace(exp.column(f"{alias}_{found.name}", table=name))


Shape = dict[str, Any] | list[Any] | str


def _shape(
    select: exp.Select, record: tuple[str, str], path: list[str], value: tuple[str, str]
) -> Shape:
    """What a select takes out of a record, as the structure that `from_json` makes of it.

    The record and the value are (table, column); what is taken out reads the structure from now on.
    """
    element: Shape = {}
    root: dict[str, Any] = {}
    for taken in [*select.find_all(exp.JSONExtract)]:
        column, *keys = _path(taken)
        owner = (taken.this.table, column)
        if owner == value and isinstance(element, dict):
            _take(taken, keys, element, exp.column(f"{value[0]}_value", table=record[0]))
        elif owner == record and path:
            _take(taken, keys, root, exp.column("_typed", table=record[0]))
    if not element:
        whole = (found for found in select.find_all(exp.Column) if _owner(found) == value)
        element = "VARCHAR" if any(isinstance(one.parent, exp.Cast) for one in whole) else "JSON"
    if not path:
        return [element]
    inner = root
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
    inner[path[-1]] = [element]
    return root


def _read_records_once(tree: exp.Expression) -> None:
    """What a select takes out of one record as text, at several places, is read in one go, typed.

    Each `record:x::varchar` by itself would parse the whole record again.
    """
    for select in list(tree.find_all(exp.Select)):
        taken = [
            found
            for found in select.find_all(exp.JSONExtract)
            if isinstance(found.parent, exp.Cast)
            and isinstance(found.this, exp.Column)
            and found.find_ancestor(exp.Select) is select
        ]
        columns = {_owner(found.this) for found in taken}
        if len(taken) > 1 and len(columns) == 1 and not select.args.get("joins"):
            _type_beside(select, columns.pop()[1], taken)


def _type_beside(select: exp.Select, column: str, taken: Sequence[exp.JSONExtract]) -> None:
    """Put a select in place of what is read that has its columns and the record's structure."""
    source = select.args["from_"].this
    name, table = source.alias_or_name, source.copy()
    table.set("alias", None)
    shape: dict[str, Any] = {}
    for found in taken:
        _take(found, _path(found)[1:], shape, exp.column("_typed", table=name))
    inner = sqlglot.parse_one(
        f"select *, from_json({column}, '{json.dumps(shape)}') as _typed "
        f"from {table.sql(dialect='duckdb')}",
        read="duckdb",
    )
    subquery = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
    select.args["from_"].set("this", subquery)


def _owner(column: exp.Column) -> tuple[str, str]:
    return column.table, column.name


def _take(
    taken: exp.JSONExtract, keys: list[str], shape: dict[str, Any], column: exp.Column
) -> None:
    """Have the structure hold what is taken at a path, as text under a cast, and read it there."""
    for key in keys[:-1]:
        shape = shape.setdefault(key, {})
    shape[keys[-1]] = "VARCHAR" if isinstance(taken.parent, exp.Cast) else "JSON"
    taken.replace(_within(column, keys))


def _path(taken: exp.Expression) -> list[str]:
    """The column and the keys of `column:a.b`, or of a column alone."""
    keys = [] if isinstance(taken, exp.Column) else list(taken.expression.find_all(exp.JSONPathKey))
    column = taken if isinstance(taken, exp.Column) else taken.this
    return [column.name, *(str(key.this) for key in keys)]


def _within(structure: exp.Expression, keys: Sequence[str]) -> exp.Expression:
    for key in keys:
        structure = exp.Anonymous(
            this="struct_extract", expressions=[structure, exp.Literal.string(key)]
        )
    return structure


def _find_repeated_keys_first(tree: exp.Expression) -> None:
    """`qualify row_number() over (partition by k …) > 1` → over the rows alone whose k comes again.

    Keys that come once cannot pass. They are told apart by a 64-bit hash of the key, so of a large
    table only few rows wait in the sort. Two keys with one hash are sorted for nothing, no more.
    """
    for qualify in list(tree.find_all(exp.Qualify)):
        condition, select = qualify.this, qualify.parent
        again = isinstance(condition, exp.GT) and condition.expression == exp.Literal.number(1)
        if not (again and isinstance(select, exp.Select)):
            continue
        keys = [key.sql(dialect="duckdb") for key in condition.this.args["partition_by"]]
        source = _origin(select)
        repeated = source.copy()
        for clause in ("with_", "qualify", "order"):
            repeated.set(clause, None)
        digest = sqlglot.parse_one(f"hash({', '.join(keys)})", read="duckdb")
        repeated.set("expressions", [digest])
        repeated = repeated.group_by("1").having("count(*) > 1", dialect="duckdb")
        source.where(exp.In(this=digest.copy(), query=repeated.subquery()), copy=False)


def _origin(select: exp.Select) -> exp.Select:
    """The select that a select takes its rows from: that of the CTE it reads, or itself."""
    ctes = {cte.alias: cte.this for cte in select.ctes}
    while (name := select.args["from_"].this.name) in ctes:
        select = ctes[name]
    return select


def _take_text_of_variants(tree: exp.Expression) -> None:
    """`record:a.b::varchar` → `->>`: a cast takes the text of a JSON value, never its quotes."""
    for cast in list(tree.find_all(exp.Cast)):
        inner = cast.this
        if isinstance(inner, exp.JSONExtract | exp.GetExtract):
            text = exp.JSONExtractScalar(this=inner.this, expression=inner.expression)
            cast.set("this", exp.Paren(this=text))
    for whole in list(tree.find_all(exp.JSONFormat)):
        whole.replace(_canonical_text(whole.this))
    for size in list(tree.find_all(exp.ArraySize)):
        size.replace(exp.func("json_array_length", size.this))


def _canonical_text(variant: exp.Expression) -> exp.Expression:
    """A variant as Snowflake writes it, an object with its keys in order (not those within it)."""
    text = variant.sql(dialect="duckdb")
    entries = f"list_sort(map_entries(from_json({text}, '\"MAP(VARCHAR, JSON)\"')))"
    return exp.maybe_parse(
        f"coalesce(cast(try(to_json(map_from_entries({entries}))) as text), cast({text} as text))",
        dialect="duckdb",
    )


def _divide_whole_numbers(tree: exp.Expression, path: str) -> None:
    """The one form of division: `(n - mod(n, d)) / d` on whole numbers is `n // d` as HUGEINT.

    A quotient that is declared with 18 digits or fewer is divided as BIGINT, which takes a small
    part of the time; a number too long for that is refused, never cut.
    """
    for division in list(tree.find_all(exp.Div)):
        if not _is_whole(division):
            detail = f"divide as (n - mod(n, d)) / d, not {division.sql(dialect='snowflake')}"
            raise SqlRefused(file=path, detail=detail)
        kind = "bigint" if _is_short(division.parent) else "hugeint"
        whole = exp.IntDiv(
            this=exp.cast(division.this.unnest().this, kind, dialect="duckdb"),
            expression=exp.cast(division.expression, kind, dialect="duckdb"),
        )
        division.replace(whole)


def _is_short(cast: object) -> bool:
    """Whether a quotient is declared with so few digits that BIGINT holds it."""
    digits = cast.to.expressions if isinstance(cast, exp.Cast) else []
    return bool(digits) and int(digits[0].name) <= 18


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
