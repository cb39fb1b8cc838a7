"""Books of a made month, each in a workspace of its own, opened and fed the way a person does."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import duckdb
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import open_workspace

from bench.answers import DAILY, digest
from bench.generate import METRICS, MODULES, TENANTS, UNITS
from bench.ground import Ground, Run, Unequal, job

_CLOCK = FixedClock(datetime(2026, 11, 5, 8, tzinfo=UTC))


@cache
def workspace(ground: Ground, lines: int, *, repeats: bool = True) -> Path:
    """A workspace in which a month has landed, with its catalog, and nothing is loaded yet."""
    root = ground.empty(f"work/{lines}{'' if repeats else '-once'}")
    job(ground, "bench.books:land_catalog", root=str(root))
    landed = ground.month(lines, repeats=repeats) / "usage"
    shutil.copytree(landed, root / "landing" / "usage", copy_function=os.link)
    return root


def land_catalog(root: str, more: str = "") -> None:
    """Apply a catalog that knows what the generator names, and more; then forget the book."""
    folder = Path(root).with_suffix(".catalog")
    folder.mkdir(exist_ok=True)
    documents = [
        *(f"kind: tenant\nid: tenant-{n:04d}\n" for n in range(1, TENANTS + 1)),
        *(f"kind: module\nid: MOD-{n:03d}\n" for n in range(1, MODULES + 1)),
        *(_metric(n) for n in range(1, METRICS + 1)),
        more,
    ]
    (folder / "bench.yaml").write_text("---\n".join(filter(None, documents)), "utf-8")
    with open_workspace(Path(root), _CLOCK, "bench") as opened:
        apply_catalog(opened.book, read_catalog(folder))
    _forget(Path(root))


def _metric(number: int) -> str:
    return f"kind: metric\nid: metric_{number:02d}\nunit: {UNITS[(number - 1) % len(UNITS)]}\n"


def _forget(root: Path) -> None:
    for path in root.glob("book.duckdb*"):
        path.unlink()


def build(ground: Ground, root: Path) -> Run:
    """Load and refresh everything that has landed in a workspace, into a new book."""
    _forget(root)
    return job(ground, "bench.books:update", root=str(root))


def book(ground: Ground, root: Path) -> Path:
    """The book of a workspace; it is built unless this suite has done so before."""
    if not (root / "book.duckdb").exists():
        build(ground, root)
    return root / "book.duckdb"


def update(root: str) -> dict[str, dict[str, float]]:
    """Open a workspace, load what is new, refresh, refresh again: what each of it cost."""
    begun = _spent()
    with open_workspace(Path(root), _CLOCK, "bench") as opened:
        return {"open": _since(begun), **_update(opened.book)}


def _update(book: Book) -> dict[str, dict[str, float]]:
    begun = _spent()
    book.warehouse.load(book.landing, book.clock.now())
    loaded = _spent()
    book.warehouse.refresh()
    refreshed = _spent()
    book.warehouse.refresh()
    nothing = _since(refreshed)
    return {
        "load": _difference(begun, loaded),
        "refresh": _difference(loaded, refreshed),
        "nothing": nothing,
    }


def _spent() -> tuple[float, float]:
    used = getrusage(RUSAGE_SELF)
    return perf_counter(), used.ru_utime + used.ru_stime


def _since(begun: tuple[float, float]) -> dict[str, float]:
    return _difference(begun, _spent())


def _difference(begun: tuple[float, float], ended: tuple[float, float]) -> dict[str, float]:
    return {"wall": ended[0] - begun[0], "cpu": ended[1] - begun[1]}


def published(book: str, daily: str = "") -> dict[str, str]:
    """A digest of every published view; the daily summary is held to what the generator says."""
    with duckdb.connect(book, read_only=True) as db:
        if daily:
            _must_be(db, daily)
        views = db.execute(
            "select schema_name || '.' || view_name from duckdb_views() "
            "where not internal and starts_with(view_name, 'v_') order by all"
        ).fetchall()
        return {view: rows_digest(db, f"from {view}", Path(f"{book}.tsv")) for (view,) in views}


def _must_be(db: duckdb.DuckDBPyConnection, daily: str) -> None:
    ours, truth = f"select {DAILY} from metering.v_usage_daily", f"select {DAILY} from '{daily}'"
    counts = [
        db.execute(f"select count(*) from ({one} except all {other})").fetchone()
        for one, other in ((ours, truth), (truth, ours))
    ]
    if counts != [(0,), (0,)]:
        raise Unequal(f"rows of usage_daily beyond the generator's, and missing: {counts}")


def rows_digest(
    db: duckdb.DuckDBPyConnection, query: str, scratch: Path, order: str = "all"
) -> str:
    """The digest of a query's rows, in order of all their columns or of what tells them apart."""
    db.execute(
        f"copy (select * from ({query}) order by {order}) to '{scratch}' "
        "(format csv, delimiter '\t', header false)"
    )
    return digest(scratch)
