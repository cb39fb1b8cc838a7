"""One refresh of the models: what is new in the landing tables is carried through them, in order.

    whole               written anew when anything it reads has changed
    parts by <columns>  the parts that new or changed rows touch are written anew
    append by <key>     the same with a key: new keys are added, keys that came again decided again

What changed is known exactly: landing tables only grow, and each refreshed model leaves behind the
rows that it took out and put in. A changed table without the columns that a model is kept by (the
catalog, the rules) makes that model's refresh whole. So refreshing after every piece ends in the
same tables as refreshing once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
from meterbook.errors import SqlRefused
from meterbook.ports import Refreshed

from meterbook_local.models import Model

_ALL = ""  # instead of a table of changed rows: take the whole of it as changed


class Refresh:
    """One refresh, inside a transaction that the caller holds; `filled` names the kept models."""

    def __init__(self, db: duckdb.DuckDBPyConnection, filled: Iterable[str]) -> None:
        self._db = db
        self._filled = set(filled)
        self._changed: dict[str, str] = {}  # name → table of changed rows, or _ALL
        self._columns: dict[str, frozenset[str]] = {}

    def run(self, models: Iterable[Model], grown: Mapping[str, int]) -> list[Refreshed]:
        """Refresh the models in the order given; `grown` says from which rowid a table is new."""
        for name, first in grown.items():
            delta = _delta_of(name)
            self._do(f"create temp table {delta} as select * from {name} where rowid >= {first}")
            self._changed[name] = delta
        result = [Refreshed(model.name, self._refresh(model)) for model in models]
        for delta in filter(None, self._changed.values()):
            self._do(f"drop table {delta}")
        return result

    def _refresh(self, model: Model) -> str:
        changed = sorted(model.reads & self._changed.keys())
        if model.name not in self._filled:
            self._do(f"insert into {model.name} {model.sql}", model)
            self._changed[model.name] = _ALL
            return "whole"
        if not changed:
            return "unchanged"
        keyed = {name for name in model.reads if self._is_kept_by(name, model.kept_by)}
        if model.kept_by and all(name in keyed and self._changed[name] for name in changed):
            return self._refresh_parts(model, changed, keyed)
        return "whole" if self._rewrite(model, model.sql) else "unchanged"

    def _refresh_parts(self, model: Model, changed: list[str], keyed: set[str]) -> str:
        columns = ", ".join(model.kept_by)
        deltas = [f"select {columns} from {self._changed[name]}" for name in changed]
        self._do(f"create temp table touched as {' union '.join(deltas)}")
        differs = self._rewrite(
            model, model.over_parts(keyed, "touched"), f" semi join touched using ({columns})"
        )
        self._do("drop table touched")
        return "parts" if differs else "unchanged"

    def _rewrite(self, model: Model, select: str, cut: str = "") -> bool:
        """Put what the select says in place of the model's rows (of a cut), where it differs."""
        self._do(f"create temp table fresh as {select}", model)
        self._do(f"create temp table held as select * from {model.name}{cut}")
        delta = _delta_of(model.name)
        self._do(
            f"create temp table {delta} as (from held except all from fresh) "
            "union all (from fresh except all from held)"
        )
        differs = self._has_rows(delta)
        if differs:
            columns = ", ".join(model.kept_by)
            where = f" where ({columns}) in (from touched)" if cut else ""
            self._do(f"delete from {model.name}{where}")
            self._do(f"insert into {model.name} from fresh")
            self._changed[model.name] = delta
        for name in ("fresh", "held", *([] if differs else [delta])):
            self._do(f"drop table {name}")
        return differs

    def _has_rows(self, table: str) -> bool:
        return self._db.execute(f"select 1 from {table} limit 1").fetchone() is not None

    def _is_kept_by(self, name: str, columns: tuple[str, ...]) -> bool:
        if name not in self._columns:
            described = self._db.execute(f"select * from {name} limit 0").description or []
            self._columns[name] = frozenset(column[0].lower() for column in described)
        return set(columns) <= self._columns[name]

    def _do(self, sql: str, model: Model | None = None) -> None:
        try:
            self._db.execute(sql)
        except duckdb.Error as error:
            raise SqlRefused(file=model.path if model else "refresh", detail=str(error)) from error


def _delta_of(name: str) -> str:
    return f"temp.delta_{name.replace('.', '_')}"
