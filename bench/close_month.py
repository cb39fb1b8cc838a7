"""A month closed from its landed files, against a PostgreSQL that deduplicates and sums.

Ours is the close as a person runs it: it loads, refreshes, looks through the gate, freezes what
each account's bill is made from, lands that, brings the book up to date with it and announces each.
PostgreSQL takes the same files, each event once, and asks for the sum of each charge; prices are
put to the sums, and nothing is frozen. Opening a book, with its catalog, and starting a server come
before time counts. Both are given two processors, and each side runs once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import duckdb
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.close_period import close_period
from meterbook.period import Period
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import open_workspace

from bench import books, cards
from bench.generate import TENANTS, UNITS
from bench.ground import Ground, Run, Unequal, duel, job, missing
from bench.measure import Measure, times_better

LINES = 1_000_000
_NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
_BILLED = """
select tenant_id, metric, amount::decimal(38, 2) from billing.invoice_lines where kind = 'variable'
"""


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU of either side, if every amount is the same to the cent; nothing without PostgreSQL."""
    if reason := missing(ground, "bench.peers.postgres:version"):
        print(f"skipped: PostgreSQL does not run with {ground.peers}: {reason}", flush=True)
        return
    usage, root = str(ground.month(LINES) / "usage"), str(ground.empty("work/month"))
    job(ground, "bench.close_month:make", root=root, tenants=TENANTS)

    def ours() -> Run:
        return job(ground, "bench.close_month:close", root=root, usage=usage)

    def theirs() -> Run:
        place = "bench.peers.postgres:close"
        return job(ground, place, peers=True, usage=usage, tenants=_names(TENANTS))

    best, other = (side.answer for side in duel(LINES, ours, theirs, times=1))
    yield times_better(
        f"closing {TENANTS:,} tenants × {cards.METRICS} charges over {LINES:,} events, against "
        "sums of PostgreSQL",
        best["seconds"], other["seconds"],
        f"CPU s; {best['wall']:.1f} and {other['wall']:.1f} s of wall, of which loading and "
        f"refreshing {best['load']:.1f}, loading and its indexes {other['load']:.1f}; "
        f"{other['version']}; all amounts are equal",
        target=10,
    )  # fmt: skip


def _names(tenants: int) -> list[str]:
    return [f"tenant-{n:04d}" for n in range(1, tenants + 1)]


def make(root: str, tenants: int) -> None:
    """A workspace with a catalog, whose book is open and knows no usage yet."""
    folder = Path(f"{root}.catalog")
    folder.mkdir(exist_ok=True)
    text = "---\n".join(cards.documents(_names(tenants), UNITS))
    (folder / "bench.yaml").write_text(text, "utf-8")
    with open_workspace(Path(root), FixedClock(_NOW), "bench") as opened:
        apply_catalog(opened.book, read_catalog(folder))


def close(root: str, usage: str) -> dict[str, Any]:
    """Close the month of landed files in a copy of the workspace. Errors: `Unequal`."""
    place = Path(f"{root}.closed")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(root, place)
    shutil.copytree(usage, place / "landing" / "usage")
    with open_workspace(place, FixedClock(_NOW), "bench") as opened:
        begun, spent = perf_counter(), process_time()
        opened.book.update()
        loaded = perf_counter() - begun
        out = opened.outbox, opened.announced, "meterbook"
        done = close_period(opened.book, *out, Period.parse("2026-10"))
        told = {"seconds": process_time() - spent, "wall": perf_counter() - begun, "load": loaded}
    if done.parked:
        raise Unequal(f"accounts are parked: {done.parked[:3]}")
    with duckdb.connect(str(place / "book.duckdb"), read_only=True) as db:
        return told | {"digest": books.rows_digest(db, _BILLED, place.with_suffix(".tsv"))}
