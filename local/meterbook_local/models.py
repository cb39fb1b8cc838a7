"""Dynamic tables as one machine keeps them: the select as a tree, and what it is kept by.

A view that a model reads stands in the model's select, so that what a model depends on is tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from meterbook.canonical import sha256
from meterbook.errors import SqlRefused
from meterbook.sqlfiles import SqlFile
from sqlglot import exp

from meterbook_local.dialect import parse, tables_of, to_duckdb

_KEPT_BY = re.compile(r"(?:parts|append) by (.+)")


@dataclass(frozen=True, slots=True)
class Model:
    """One model: `reads` are qualified table names, `kept_by` is empty for a whole refresh.

    `sha256` is that of its text and of the views that stand in it; `sql` is the whole select in
    DuckDB's words. `unrepeated` is the same without a look at the place of each landed row, for
    when no row is there twice; None where the select never looks.
    """

    name: str
    path: str
    sha256: str
    select: exp.Expression
    sql: str
    reads: frozenset[str]
    kept_by: tuple[str, ...]
    unrepeated: Model | None = None

    def over_parts(
        self, sources: Iterable[str], touched: str, instead: Mapping[str, str] | None = None
    ) -> str:
        """The select with the named sources cut down to the parts that `touched` lists.

        Of sources that are named in `instead` too, what it says is read.
        """
        cut = f"semi join {touched} using ({', '.join(self.kept_by)})"
        parts = {name: f"select * from {name} {cut}" for name in sources}
        return self.over(parts | dict(instead or {}))

    def over(self, sources: Mapping[str, str]) -> str:
        """The select with the named sources replaced by selects."""
        select = self.select.copy()
        for table in list(select.find_all(exp.Table)):
            if instead := sources.get(_name(table)):
                table.replace(exp.Subquery(this=_duckdb(instead), alias=_alias(table)))
        return select.sql(dialect="duckdb")


def models_of(files: Iterable[SqlFile]) -> dict[str, Model]:
    """The dynamic tables that the files define, each after all that it reads.

    Errors: `SqlRefused` for a model without a declared refresh, or models that read each other.
    """
    defining = [file for file in files if file.path.startswith("models")]
    views = tuple(file for file in defining if not file.refresh)
    models = {model.name: model for file in defining if (model := _model(file, views))}
    return {name: models[name] for name in _in_order(models)}


def is_dynamic(statement: exp.Expression) -> bool:
    """Whether a statement creates a dynamic table."""
    properties = statement.args.get("properties")
    found = properties.expressions if isinstance(properties, exp.Properties) else []
    return any(isinstance(part, exp.DynamicProperty) for part in found)


@lru_cache(maxsize=512)  # parsing is most of what opening a book costs
def _model(file: SqlFile, views: tuple[SqlFile, ...]) -> Model | None:
    statements = [found for found in parse(file.text, file.path) if is_dynamic(found)]
    if not statements:
        return None
    (statement,) = statements
    kept_by = _KEPT_BY.fullmatch(file.refresh)
    if kept_by is None and file.refresh != "whole":
        raise SqlRefused(file=file.path, detail=f"the header declares no refresh: {file.refresh!r}")
    read = _views_of(statement, {view.name: view for view in views})
    select = _with_views(statement.expression, read)
    model = _said(file, read, select, tuple(kept_by[1].split(", ")) if kept_by else ())
    plain = select.copy()
    if not _overlook_places(plain):
        return model
    return replace(model, unrepeated=_said(file, read, plain, model.kept_by))


def _said(
    file: SqlFile, read: Mapping[str, SqlFile], select: exp.Expression, kept_by: tuple[str, ...]
) -> Model:
    said = to_duckdb(select, file.path)
    return Model(
        name=file.name,
        path=file.path,
        sha256=sha256("".join([file.text, *(view.text for view in read.values())])),
        select=said,
        sql=said.sql(dialect="duckdb"),
        reads=tables_of(select),
        kept_by=kept_by,
    )


def _overlook_places(select: exp.Expression) -> bool:
    """Take away what leaves one row of each place; say whether there was any such."""
    found = False
    for qualify in list(select.find_all(exp.Qualify)):
        condition, asking = qualify.this, qualify.parent
        first = isinstance(condition, exp.EQ) and condition.expression == exp.Literal.number(1)
        if not first or not isinstance(asking, exp.Select) or asking.args.get("joins"):
            continue
        window = condition.this
        keys = window.args.get("partition_by", []) if isinstance(window, exp.Window) else []
        if [key.name for key in keys] == ["file_name", "file_row"]:
            asking.set("qualify", None)
            found = True
    return found


def _views_of(tree: exp.Expression, views: Mapping[str, SqlFile]) -> dict[str, SqlFile]:
    """The views that a statement reads, and those that they read."""
    read: dict[str, SqlFile] = {}
    for name in sorted(tables_of(tree) & views.keys()):
        view = views[name]
        (statement,) = parse(view.text, view.path)
        read |= {name: view} | _views_of(statement.expression, views)
    return read


def _with_views(select: exp.Expression, views: Mapping[str, SqlFile]) -> exp.Expression:
    """The select with each view that it reads written out in its place, and the views of those."""
    select = select.copy()
    while read := [table for table in select.find_all(exp.Table) if _name(table) in views]:
        for table in read:
            view = views[_name(table)]
            (statement,) = parse(view.text, view.path)
            table.replace(exp.Subquery(this=statement.expression.copy(), alias=_alias(table)))
    return select


def _in_order(models: Mapping[str, Model]) -> list[str]:
    graph = {name: sorted(model.reads & set(models)) for name, model in sorted(models.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SqlRefused(file="sql/models", detail=f"models read each other: {error}") from error


def _duckdb(sql: str) -> exp.Expression:
    return exp.maybe_parse(sql, dialect="duckdb", into=exp.Select)


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}".lower()


def _alias(table: exp.Table) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
