"""Dynamic tables as one machine keeps them: the select as a tree, and what it is kept by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from meterbook.errors import SqlRefused
from meterbook.sqlfiles import SqlFile
from sqlglot import exp

from meterbook_local.dialect import parse, tables_of, to_duckdb

_KEPT_BY = re.compile(r"(?:parts|append) by (.+)")


@dataclass(frozen=True, slots=True)
class Model:
    """One model: `reads` are qualified table names, `kept_by` is empty for a whole refresh."""

    name: str
    path: str
    select: exp.Expression
    reads: frozenset[str]
    kept_by: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The whole select in DuckDB's words."""
        return self.select.sql(dialect="duckdb")

    def over_parts(self, sources: Iterable[str], touched: str) -> str:
        """The select with the named sources cut down to the parts that `touched` lists."""
        select = self.select.copy()
        columns = ", ".join(self.kept_by)
        for table in list(select.find_all(exp.Table)):
            name = f"{table.db}.{table.name}".lower()
            if name in sources:
                part = f"select * from {name} semi join {touched} using ({columns})"
                table.replace(exp.Subquery(this=_duckdb(part), alias=_alias(table)))
        return select.sql(dialect="duckdb")


def models_of(files: Iterable[SqlFile]) -> dict[str, Model]:
    """The dynamic tables that the files define, each after all that it reads.

    Errors: `SqlRefused` for a model without a declared refresh, or models that read each other.
    """
    models = {model.name: model for model in map(_model, files) if model}
    return {name: models[name] for name in _in_order(models)}


def is_dynamic(statement: exp.Expression) -> bool:
    """Whether a statement creates a dynamic table."""
    properties = statement.args.get("properties")
    found = properties.expressions if isinstance(properties, exp.Properties) else []
    return any(isinstance(part, exp.DynamicProperty) for part in found)


@lru_cache(maxsize=512)  # parsing is most of what opening a book costs
def _model(file: SqlFile) -> Model | None:
    statements = [found for found in parse(file.text, file.path) if is_dynamic(found)]
    if not statements:
        return None
    (statement,) = statements
    kept_by = _KEPT_BY.fullmatch(file.refresh)
    if kept_by is None and file.refresh != "whole":
        raise SqlRefused(file=file.path, detail=f"the header declares no refresh: {file.refresh!r}")
    return Model(
        name=file.name,
        path=file.path,
        select=to_duckdb(statement.expression, file.path),
        reads=tables_of(statement.expression),
        kept_by=tuple(kept_by[1].split(", ")) if kept_by else (),
    )


def _in_order(models: Mapping[str, Model]) -> list[str]:
    graph = {name: sorted(model.reads & set(models)) for name, model in sorted(models.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise SqlRefused(file="sql/models", detail=f"models read each other: {error}") from error


def _duckdb(sql: str) -> exp.Expression:
    return exp.maybe_parse(sql, dialect="duckdb", into=exp.Select)


def _alias(table: exp.Table) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
