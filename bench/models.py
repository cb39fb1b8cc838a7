"""The product's own texts: a chain of models over a book, as the local engine says them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
from meterbook.sqlfiles import read_sql
from meterbook_local.models import Model, models_of

from bench.ground import THREADS


def chain(starts: Sequence[str], end: str) -> list[Model]:
    """The models that lie between tables, or views taken as such, and the end, in order."""
    models = models_of([file for file in read_sql("models") if file.name not in starts])
    later = list(starts)
    for model in models.values():
        if model.reads.intersection(later):
            later.append(model.name)
    needed = {end}
    for name in reversed(later[len(starts) :]):
        needed |= models[name].reads if name in needed else set()
    return [models[name] for name in later[len(starts) :] if name in needed]


def steps(models: Sequence[Model]) -> list[str]:
    """What makes each model a table, in place of a view of its name."""
    return [f"drop view if exists {m.name}; create table {m.name} as {m.sql}" for m in models]


@contextmanager
def over(book: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that sees the tables of a file and writes none of them."""
    with duckdb.connect() as db:
        db.execute(f"set threads = {THREADS}")
        db.execute(f"attach '{book}' as held (read_only)")
        held = (
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'held' and not internal"
        )
        for schema, table in db.execute(held).fetchall():
            db.execute(f"create schema if not exists {schema}")
            db.execute(f"create view {schema}.{table} as from held.{schema}.{table}")
        yield db
