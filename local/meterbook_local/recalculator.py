"""The tariff run once more, over facts that are handed in: the models of `sql/` and nothing else.

Between the facts that a close freezes and the lines of a bill stand the tariff and what reads the
commercial documents. Those models are found by what they read and kept ready over empty tables; for
each document these are filled, and every model is worked out in its order.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
from meterbook.canonical import plain
from meterbook.errors import SqlRefused
from meterbook.period import Period
from meterbook.ports import Recalculated, Row
from meterbook.sqlfiles import SqlFile, read_sql

from meterbook_local.models import Model, models_of

LINES = "billing.period_lines"
FAULTS = "billing.period_faults"
_TEXT = "VARCHAR"
# What stands between the facts and the tariff: these tables are filled, all else is worked out.
GIVEN: dict[str, dict[str, str]] = {
    "billing.periods": {"period_start": "DATE", "period_end": "DATE"},
    "billing.period_usage": {
        "period_start": "DATE", "tenant_id": _TEXT, "metric": _TEXT, "visibility": _TEXT,
        "quantity": "DECIMAL(38,6)",
    },
    "metering.attributed_cost_daily": {
        "usage_date": "DATE", "source": _TEXT, "disposition": _TEXT, "tenant_id": _TEXT,
        "module_id": _TEXT, "resource_type": _TEXT, "method": _TEXT, "rule_id": _TEXT,
        "rule_version": "DECIMAL(38,0)", "reason": _TEXT, "cost_usd": "DECIMAL(38,12)",
    },
    "metering.catalog_documents": {
        "kind": _TEXT, "id": _TEXT, "revision": "DECIMAL(38,0)", "removed": "BOOLEAN",
        "starts_on": "DATE", "ends_on": "DATE", "document": "JSON",
    },
    "billing.closed_terms": {
        "period_start": "DATE", "account_id": _TEXT, "term": _TEXT, "tenant_id": _TEXT,
        "name": _TEXT, "version": "DECIMAL(38,0)", "place": "DECIMAL(38,0)",
        "amount": "DECIMAL(38,12)", "detail": _TEXT,
    },
}  # fmt: skip
_FILLING = {
    table: f"insert into {table} by name "
    f"select unnest(from_json(?, '{json.dumps([columns])}'), max_depth := 2)"
    for table, columns in GIVEN.items()
}
_DOCUMENTS = {"plans": "plan", "metrics": "metric", "modules": "module", "config": "config"}
_ATTRIBUTED = {"disposition": "attributed", "method": "", "reason": ""}
_AT_ONCE = 250
_Place = tuple[str, str]  # a period and a tenant, or the kind and id of a document


class TariffRecalculator:
    """A `Recalculator` in memory; it is made once and works out any number of documents."""

    def __init__(self, files: Sequence[SqlFile] | None = None) -> None:
        """`files` are the models, by default those of `sql/`."""
        self._models = _between(read_sql("models") if files is None else files)
        self._db = duckdb.connect(":memory:")
        self._db.execute("set timezone = 'UTC'")
        self._db.execute("set threads = 1")  # of a few rows; a second thread only waits
        for schema in ("metering", "billing"):
            self._db.execute(f"create schema {schema}")
        for table, columns in GIVEN.items():
            typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            self._db.execute(f"create table {table} ({typed})")
        for model in self._models:
            self._do(f"create table {model.name} as {model.sql} limit 0", model)
        for model in self._models:
            self._do(f"prepare {_fill(model.name)} as insert into {model.name} {model.sql}", model)

    @property
    def models(self) -> frozenset[str]:
        """The names of the models that are run."""
        return frozenset(model.name for model in self._models)

    def lines(self, body: Mapping[str, object]) -> list[Row]:
        """The rows of `billing.period_lines` that frozen facts and documents give."""
        return self.results([body])[0].lines

    def results(self, bodies: Sequence[Mapping[str, Any]]) -> list[Recalculated]:
        """The same for many at once, with what stands in the way of more lines."""
        found = []
        for batch in _batches(bodies):
            self._run(batch)
            tables = [self._by_tenant(table) for table in (LINES, FAULTS)]
            for body in batch:
                own = ([row for at in _places(body) for row in rows[at]] for rows in tables)
                found.append(Recalculated(*own))
        return found

    def _run(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        for name in (*GIVEN, *(model.name for model in self._models)):
            self._db.execute(f"truncate {name}")
        for table, rows in _tables(bodies).items():
            self._db.execute(_FILLING[table], [json.dumps(rows, default=plain)])
        for model in self._models:
            self._do(f"execute {_fill(model.name)}", model)

    def _by_tenant(self, table: str) -> defaultdict[_Place, list[Row]]:
        found = defaultdict[_Place, list[Row]](list)
        for row in self._rows(table):
            found[str(row["period_start"])[:7], str(row["tenant_id"])].append(row)
        return found

    def _rows(self, table: str) -> list[Row]:
        found = self._db.execute(f"from {table} order by all")
        names = [column[0].lower() for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _do(self, sql: str, model: Model) -> None:
        try:
            self._db.execute(sql)
        except duckdb.Error as error:
            raise SqlRefused(file=model.path, detail=str(error)) from error


def _between(files: Sequence[SqlFile]) -> list[Model]:
    """The models from the given tables to the lines and faults, each after what it reads."""
    by_name = {file.name: file for file in files}
    wanted, found = [LINES, FAULTS], dict[str, SqlFile]()
    while wanted:
        name = wanted.pop()
        if name not in found and name not in GIVEN and name in by_name:
            found[name] = by_name[name]
            wanted += by_name[name].reads
    return list(models_of(found.values()).values())


def _fill(table: str) -> str:
    return f"fill_{table.replace('.', '_')}"


def _batches(bodies: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Documents that can be worked out together: none has what another one says otherwise."""
    batch: list[Mapping[str, Any]] = []
    places: set[_Place] = set()
    known: dict[_Place, object] = {}
    for body in bodies:
        own = {_name(row): row["document"] for row in _documents(body)}
        told_otherwise = any(known.get(key, text) != text for key, text in own.items())
        if told_otherwise or places.intersection(_places(body)) or len(batch) == _AT_ONCE:
            yield batch
            batch, places, known = [], set(), {}
        batch.append(body)
        places.update(_places(body))
        known |= own
    if batch:
        yield batch


def _name(document: Row) -> _Place:
    return str(document["kind"]), str(document["id"])


def _places(body: Mapping[str, Any]) -> list[_Place]:
    """Whose months a document is about."""
    tenants = {row["tenant_id"] for row in body["terms"] if row["term"] == "tenant"}
    return [(str(body["period"]), tenant) for tenant in sorted(tenants)]


def _tables(bodies: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    """The given tables' rows."""
    tables: dict[str, list[Row]] = {table: [] for table in GIVEN}
    periods = {Period.parse(str(body["period"])) for body in bodies}
    tables["billing.periods"] = [
        {"period_start": period.start, "period_end": period.end} for period in sorted(periods)
    ]
    documents: dict[_Place, Row] = {}
    for body in bodies:
        start = {"period_start": Period.parse(str(body["period"])).start}
        payer = start | {"account_id": body["account_id"]}
        tables["billing.period_usage"] += [start | row for row in body["quantities"]]
        tables["metering.attributed_cost_daily"] += [row | _ATTRIBUTED for row in body["costs"]]
        tables["billing.closed_terms"] += [payer | row for row in body["terms"]]
        documents |= {_name(row): row for row in _documents(body)}
    tables["metering.catalog_documents"] = list(documents.values())
    return tables


def _documents(body: Mapping[str, Any]) -> Iterator[Row]:
    """What prices the facts. Of parties and their timelines the terms tell, not their documents."""
    for section, kind in _DOCUMENTS.items():
        for one in body[section]:
            document = one["document"]
            yield {
                "kind": kind,
                "id": one["id"],
                "revision": one["revision"],
                "removed": False,
                "starts_on": document["starts_on"],
                "ends_on": document["ends_on"],
                "document": document,
            }
