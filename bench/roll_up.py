"""Each event once and summed by day, from typed lines with duplicates: in time and in memory.

Ours are the product's own texts, the models between a book's lines and its daily summary, as the
local engine says them. Both sides start from the lines as they were judged, typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

import duckdb

from bench import books, models
from bench.answers import DAILY, Answer
from bench.ground import Ground, Run, duel, job, must_agree
from bench.measure import GIB, Measure, times_as_much, times_better

LINES, JUDGED, SUMMARY = "metering.usage_lines", "metering.usage_judged", "metering.usage_daily"
_PLAIN = f"""
select usage_date, tenant_id, module_id, metric, sum(quantity) as quantity, count(*) as event_count
from (
    select any_value(usage_date) as usage_date, any_value(tenant_id) as tenant_id,
        any_value(module_id) as module_id, any_value(metric) as metric,
        any_value(quantity) as quantity
    from {JUDGED} where reason is null group by event_id
) group by all
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Where lines are held for a pair, and as what: LINES or JUDGED."""

    folder: Path
    start: str


def measures(ground: Ground) -> Iterator[Measure]:
    """The wall time against ClickHouse, the peak memory against a plain `group by event_id`."""
    lines = ground.largest
    held = taken(ground, books.workspace(ground, lines), JUDGED)
    database = str(held.folder / "clickhouse")
    job(ground, "bench.peers.clickhouse:hold_lines", peers=True,
        database=database, lines=str(held.folder / "lines.parquet"))  # fmt: skip
    ours, theirs = duel(
        lines,
        lambda: rolled_up(ground, held),
        lambda: job(ground, "bench.peers.clickhouse:roll_up_lines", peers=True, database=database),
    )
    plain = job(ground, "bench.roll_up:plain", folder=str(held.folder))
    must_agree([ours, plain])
    yield times_better(
        f"exact dedupe and roll-up of {lines:,} typed lines against ClickHouse's argMax",
        ours.answer["seconds"], theirs.answer["seconds"],
        f"s of wall; {ours.cpu_seconds:.1f} and {theirs.cpu_seconds:.1f} CPU s of the processes",
        target=1.5,
    )  # fmt: skip
    yield times_as_much(
        f"peak memory of that dedupe against a plain group by event_id, {lines:,} lines",
        ours.peak_bytes / GIB, plain.peak_bytes / GIB, "GiB of the whole process", target=0.5,
    )  # fmt: skip


@cache
def taken(ground: Ground, root: Path, start: str) -> Held:
    """The lines of a workspace's book, with all else that is read from there to the summary."""
    folder = ground.empty(f"work/{root.name}-{start}")
    book = books.book(ground, root)
    job(ground, "bench.roll_up:take", book=str(book), folder=str(folder), start=start)
    return Held(folder, start)


def take(book: str, folder: str, start: str) -> None:
    """Copy out of a book what the chain reads, and for peers the lines that pass as Parquet."""
    chain = models.chain([start], SUMMARY)
    read = {name for model in chain for name in model.reads} - {model.name for model in chain}
    with duckdb.connect(book) as db:
        db.execute(f"attach '{folder}/lines.duckdb' as held")
        for name in sorted(read):
            db.execute(f"create schema if not exists held.{name.partition('.')[0]}")
            db.execute(f"create table held.{name} as from {name}")
        db.execute(
            "copy (select tenant_id, source, event_id, module_id, metric, quantity, event_time, "
            f"usage_date from {JUDGED} where reason is null) to '{folder}/lines.parquet'"
        )


def rolled_up(ground: Ground, held: Held) -> Run:
    """Our side of a pair: the summary in a process of its own."""
    return job(ground, "bench.roll_up:roll_up", folder=str(held.folder), start=held.start)


def roll_up(folder: str, start: str) -> Answer:
    """The daily summary by the product's models, from what a book holds."""
    steps = models.steps(models.chain([start], SUMMARY))
    with models.over(f"{folder}/lines.duckdb") as db:
        begun = perf_counter()
        for step in steps:
            db.execute(step)
        return _answer(db, perf_counter() - begun, SUMMARY, folder)


def plain(folder: str) -> Answer:
    """The daily summary by a plain group by event_id."""
    with models.over(f"{folder}/lines.duckdb") as db:
        begun = perf_counter()
        db.execute(f"create table answer as {_PLAIN}")
        return _answer(db, perf_counter() - begun, "answer", folder)


def _answer(db: duckdb.DuckDBPyConnection, seconds: float, table: str, folder: str) -> Answer:
    rows = f"select {DAILY} from {table}"
    return {"seconds": seconds, "digest": books.rows_digest(db, rows, Path(f"{folder}/rows.tsv"))}
