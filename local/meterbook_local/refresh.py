"""One refresh of the models: what is new in the landing tables is carried through them, in order.

    whole               written anew when anything it reads has changed
    parts by <columns>  the parts that new or changed rows touch are written anew
    append by <key>     the same with a key: new keys are added, keys that came again decided again

What changed is known exactly: landing tables only grow, and each refreshed model leaves behind the
rows that it took out and put in. A changed table without the columns that a model is kept by (the
catalog, the rules) makes that model's refresh whole. So refreshing after every piece ends in the
same tables as refreshing once. What is kept by the place of a landed row only grows as well: new
rows are put behind the old ones, some files at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
from meterbook.errors import SqlRefused
from meterbook.ports import Refreshed

from meterbook_local.models import Model

_ALL = ""  # instead of a table of changed rows: take the whole of it as changed
_PLACE = ("file_name", "file_row")  # of a landed row; no two have one, and none ever changes


@dataclass(frozen=True, slots=True)
class Grown:
    """A landing table's new rows, and all of them, as selects to be read one after the other.

    `is_filed`: it is read from its files, so that no row of it can be there twice.
    """

    new: Sequence[str]
    all: Callable[[], Sequence[str]]
    is_filed: bool = False


class Refresh:
    """One refresh, inside a transaction that the caller holds; `filled` names the kept models."""

    def __init__(self, db: duckdb.DuckDBPyConnection, filled: Iterable[str]) -> None:
        self._db = db
        self._filled = set(filled)
        self._changed: dict[str, str] = {}  # name → table of changed rows, or _ALL
        self._grown: Mapping[str, Grown] = {}
        self._taken: list[str] = []  # tables of rows that were taken out and put in
        self._longer: set[str] = set()  # models that have new rows behind the old ones, no more
        self._columns: dict[str, frozenset[str]] = {}

    def run(self, models: Iterable[Model], grown: Mapping[str, Grown]) -> list[Refreshed]:
        """Refresh the models in the order given; `grown` has the landing tables with new rows."""
        self._grown = grown
        for name, rows in grown.items():
            if rows.new:
                self._leave_behind(name, " union all ".join(f"({select})" for select in rows.new))
        result = [Refreshed(model.name, self._refresh(model)) for model in models]
        for name in self._changed:
            self._do(f"drop view if exists {_delta_of(name)}")
        for name in self._taken:
            self._do(f"drop table {name}")
        return result

    def _refresh(self, model: Model) -> str:
        changed = sorted(model.reads & self._changed.keys())
        is_new = model.name not in self._filled
        if not (is_new or changed):
            return "unchanged"
        if model.unrepeated and not any(self._repeats(name, is_new) for name in model.reads):
            model = model.unrepeated
        if model.kept_by == _PLACE and len(model.reads) == 1 and model.reads <= self._grown.keys():
            return self._append(model, is_new)
        if is_new:
            self._do(f"insert into {model.name} {model.sql}", model)
            self._changed[model.name] = _ALL
            return "whole"
        keyed = {name for name in model.reads if self._is_kept_by(name, model.kept_by)}
        if model.kept_by and all(name in keyed and self._changed[name] for name in changed):
            return self._refresh_parts(model, changed, keyed)
        return "whole" if self._rewrite(model, model.sql) else "unchanged"

    def _repeats(self, name: str, is_new: bool) -> bool:
        """Whether a row of a landing table is there twice, among the files that have new rows."""
        grown = self._grown.get(name, Grown((), tuple))
        if grown.is_filed or not (is_new or grown.new):
            return False
        files = "" if is_new else f"semi join {self._changed[name]} using (file_name)"
        places = f"select 1 from {name} {files} group by {', '.join(_PLACE)} having count(*) > 1"
        return self._has_rows(f"({places})")

    def _append(self, model: Model, is_new: bool) -> str:
        (source,) = model.reads
        grown = self._grown[source]
        selects = grown.all() if is_new else grown.new
        self._put_behind(model, [model.over({source: select}) for select in selects])
        if is_new:
            self._changed[model.name] = _ALL
        return "whole" if is_new else "parts"

    def _put_behind(self, model: Model, selects: Iterable[str]) -> bool:
        """Put new rows behind the model's; say whether there were any."""
        sql = f"select coalesce(max(rowid), -1) from {model.name}"
        ((last,),) = self._db.execute(sql).fetchall()
        for select in selects:
            self._do(f"insert into {model.name} {select}", model)
        new = f"from {model.name} where rowid > {last}"
        if not self._has_rows(f"({new})"):
            return False
        self._leave_behind(model.name, new)
        self._longer.add(model.name)
        return True

    def _leave_behind(self, name: str, rows: str) -> None:
        delta = _delta_of(name)
        self._do(f"create or replace temp view {delta} as {rows}")
        self._changed[name] = delta

    def _refresh_parts(self, model: Model, changed: list[str], keyed: set[str]) -> str:
        columns = ", ".join(model.kept_by)
        deltas = [f"select {columns} from {self._changed[name]}" for name in changed]
        self._do(f"create temp table touched as {' union '.join(deltas)}")
        longer = {name: f"from {self._changed[name]}" for name in changed if name in self._longer}
        if longer and model.kept_by == _PLACE and not self._touches_old_rows(longer.values()):
            differs = self._put_behind(model, [model.over_parts(keyed, "touched", longer)])
        else:
            cut = f" semi join touched using ({columns})"
            differs = self._rewrite(model, model.over_parts(keyed, "touched"), cut)
        self._do("drop table touched")
        return "parts" if differs else "unchanged"

    def _touches_old_rows(self, new: Iterable[str]) -> bool:
        places = " union all ".join(f"select {', '.join(_PLACE)} {rows}" for rows in new)
        return self._has_rows(f"(from touched except ({places}))")

    def _rewrite(self, model: Model, select: str, cut: str = "") -> bool:
        """Put what the select says in place of the model's rows (of a cut), where it differs."""
        self._do(f"create temp table fresh as {select}", model)
        self._do(f"create temp table held as select * from {model.name}{cut}")
        taken = f"temp.taken_{model.name.replace('.', '_')}"
        self._do(
            f"create temp table {taken} as select * exclude (_side) from (select *, 1 as _side "
            "from fresh union all select *, -1 as _side from held) group by all "
            "having sum(_side) <> 0"
        )
        self._taken.append(taken)
        differs = self._has_rows(taken)
        if differs:
            columns = ", ".join(model.kept_by)
            where = f" where ({columns}) in (from touched)" if cut else ""
            self._do(f"delete from {model.name}{where}")
            self._do(f"insert into {model.name} from fresh")
            self._leave_behind(model.name, f"from {taken}")
        for name in ("fresh", "held"):
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
