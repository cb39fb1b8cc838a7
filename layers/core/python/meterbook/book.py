"""The book: the warehouse as the jobs see it. Apply, load, refresh, query, check; nothing else.

There is no way to insert: what a job wants in the book it lands as a delivery (`delivery.py`) and
then calls `update`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from meterbook.canonical import canonical_json, text_of
from meterbook.errors import BookInconsistent, InputRefused
from meterbook.ports import Clock, Loaded, ObjectStore, Refreshed, Row, Warehouse
from meterbook.sqlfiles import SqlFile, read_folders, read_sql


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that does not hold: its name, what it promises, and the rows that break it."""

    check: str
    promise: str
    rows: list[Row]


class Book:
    """What every job gets: the facts, through the SQL of `sql/` and nothing else."""

    def __init__(
        self,
        warehouse: Warehouse,
        landing: ObjectStore,
        clock: Clock,
        sql_root: Path | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.landing = landing
        self.clock = clock
        self._sql_root = sql_root

    def apply(self) -> list[str]:
        """Create what `sql/` defines on this engine; return the names that changed."""
        return self.warehouse.apply(read_folders(self.warehouse.sql_folders, self._sql_root))

    def update(self, only: Collection[str] = ()) -> tuple[list[Loaded], list[Refreshed]]:
        """Load every delivery that is new and bring all models up to date, or at least some."""
        loaded = self.warehouse.load(self.landing, self.clock.now())
        return loaded, self.warehouse.refresh(only)

    def query(self, name: str, **binds: object) -> list[Row]:
        """Rows of `sql/queries/<name>.sql`; the header's `binds:` names what must be given."""
        file = self._queries[name]
        if set(binds) != set(file.binds):
            raise TypeError(f"{file.path} binds {file.binds}, not {tuple(binds)}")
        return self.warehouse.query(file.text, [binds[bind] for bind in file.binds])

    def show(
        self, view: str, where: dict[str, str] | None = None, limit: int | None = None
    ) -> list[Row]:
        """Rows of a published view (`V_…`, with or without its schema), filtered by equality.

        Errors: `InputRefused` for a view or a column that does not exist, with those that do.
        """
        name = view.lower() if "." in view else f"metering.{view.lower()}"
        if name not in self.views:
            known = ", ".join(short.removeprefix("metering.") for short in self.views)
            raise InputRefused(detail=f"There is no view {view!r}. The published views: {known}.")
        columns = list(self.views[name])
        wanted = where or {}
        if unknown := [column for column in wanted if column.lower() not in columns]:
            raise InputRefused(
                detail=f"{name} has no column {unknown[0]!r}. It has: {', '.join(columns)}."
            )
        sql = f"select {', '.join(columns)} from {name}"  # noqa: S608 - names come from sql/ alone
        sql += f" order by {', '.join(str(n + 1) for n in range(len(columns)))}"
        if limit is not None and not wanted:
            sql += f" limit {int(limit)}"
        rows = [
            row
            for row in self.warehouse.query(sql)
            if all(_is(row[column.lower()], value) for column, value in wanted.items())
        ]
        return rows[:limit]

    @cached_property
    def views(self) -> dict[str, tuple[str, ...]]:
        """The published views and their columns, in the order of their definition."""
        rows = self.query("published_columns")
        views: dict[str, list[str]] = {}
        for row in rows:
            views.setdefault(str(row["view_name"]), []).append(str(row["column_name"]))
        return {name: tuple(columns) for name, columns in views.items()}

    def check(self) -> list[Finding]:
        """Run every file of `sql/checks`; what comes back is what does not hold."""
        findings = []
        for file in read_sql("checks", self._sql_root):
            if rows := self.warehouse.query(file.text):
                promise = file.header["what"].partition(": ")[2]
                findings.append(Finding(Path(file.path).stem, promise, rows))
        return findings

    def must_hold(self, apart_from: Collection[str] = ()) -> None:
        """Refuse to go on when a check has found something."""
        for found in self.check():
            if found.check not in apart_from:
                raise BookInconsistent(
                    detail=f"The check {found.check} does not hold ({found.promise}): "
                    f"{len(found.rows)} row(s), the first is {canonical_json(found.rows[0])}."
                )

    @cached_property
    def _queries(self) -> dict[str, SqlFile]:
        return {Path(file.path).stem: file for file in read_sql("queries", self._sql_root)}


def _is(value: object, written: str) -> bool:
    """Whether a value is what a person wrote: 12 is 12.000000, times as they are shown."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        try:
            return value == Decimal(written)
        except ArithmeticError:
            return False
    if isinstance(value, bool):
        return str(value).lower() == written.lower()
    return written == ("" if value is None else text_of(value))
