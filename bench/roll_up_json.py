"""The same answer from JSON events, against ClickHouse reading JSON the way OpenMeter does.

OpenMeter's query counts twice what is there twice, so it gets each event once. What "from JSON
events" costs can be read in three ways, and each has a row:

- a question: theirs reads texts of JSON in its table, ours the summary that a refresh has kept;
- the same without that summary: ours judges its typed lines and drops the duplicates, which only
  ours has. Theirs is faster, and we say so;
- from landed files to the answer: theirs ingests into one table and asks once, ours loads and
  brings every model of the book up to date. Theirs is faster, and we say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import duckdb

from bench import books
from bench.answers import DAILY, Answer
from bench.ground import THREADS, Ground, Run, duel, job
from bench.measure import Measure, times_better
from bench.roll_up import LINES, rolled_up, taken


def measures(ground: Ground) -> Iterator[Measure]:
    """Wall times of the three readings."""
    yield from _from_what_is_stored(ground, ground.largest)
    yield _from_files(ground, min(ground.sizes))


def _from_what_is_stored(ground: Ground, lines: int) -> Iterator[Measure]:
    root, place = books.workspace(ground, lines), ground.empty("work/openmeter")
    book, events, database = books.book(ground, root), place / "events.parquet", str(place / "ch")
    job(ground, "bench.roll_up_json:take_events", book=str(book), file=str(events))
    job(ground, "bench.peers.clickhouse:hold_events", peers=True,
        database=database, events=str(events))  # fmt: skip

    def theirs() -> Run:
        return job(ground, "bench.peers.clickhouse:roll_up_events", peers=True, database=database)

    asked = duel(lines, lambda: job(ground, "bench.roll_up_json:ask", book=str(book)), theirs)
    yield _against(
        f"the daily summary asked of the book against ClickHouse as OpenMeter, {lines:,} lines",
        asked, "ours was summed by the refresh; theirs reads the JSON in its table", target=1.5,
    )  # fmt: skip
    held = taken(ground, root, LINES)
    yield _against(
        f"the daily summary from stored lines against ClickHouse as OpenMeter, {lines:,} lines",
        duel(lines, lambda: rolled_up(ground, held), theirs),
        "ours judges typed lines and drops duplicates; theirs reads JSON, each once",
    )


def _against(name: str, pair: tuple[Run, Run], note: str, target: float | None = None) -> Measure:
    ours, theirs = (run.answer["seconds"] for run in pair)
    return times_better(name, ours, theirs, f"s of wall; {note}", target=target)


def ask(book: str) -> Answer:
    """The daily summary as the book publishes it."""
    with duckdb.connect(book, read_only=True) as db:
        db.execute(f"set threads = {THREADS}")
        begun = perf_counter()
        db.execute(f"create temp table answer as select {DAILY} from metering.v_usage_daily")
        seconds = perf_counter() - begun
        rows = books.rows_digest(db, f"select {DAILY} from answer", Path(f"{book}.tsv"))
    return {"seconds": seconds, "digest": rows}


def take_events(book: str, file: str) -> None:
    """Write what counts as OpenMeter stores it: what was measured as a text of JSON."""
    with duckdb.connect(book, read_only=True) as db:
        db.execute(
            "copy (select event_id as id, metric as type, tenant_id as subject, source, "
            "event_time as time, '{\"quantity\":\"' || rtrim(rtrim(quantity::varchar, '0'), '.') "
            '|| \'","unit":"call"}\' as data from metering.usage_events) '
            f"to '{file}' (format parquet)"
        )


def _from_files(ground: Ground, lines: int) -> Measure:
    root = books.workspace(ground, lines, repeats=False)
    files = f"{ground.month(lines, repeats=False)}/usage/**/*.gz"
    ours, theirs = duel(
        lines,
        lambda: _built(ground, root),
        lambda: job(
            ground, "bench.peers.clickhouse:ingest_and_roll_up", peers=True,
            database=str(ground.empty("work/openmeter-files")), files=files,
        ),
    )  # fmt: skip
    return _against(
        f"landed JSON to the daily summary against ClickHouse as OpenMeter, {lines:,} events",
        (ours, theirs),
        "both from the same files; ours brings all models of the book up to date, "
        "theirs fills one table and asks once",
    )


def _built(ground: Ground, root: Path) -> Run:
    """Our side of the last reading, its answer in the form of the other."""
    ran = books.build(ground, root)
    seconds = ran.answer["load"]["wall"] + ran.answer["refresh"]["wall"]
    asked = job(ground, "bench.roll_up_json:ask", book=str(root / "book.duckdb")).answer
    seconds += asked["seconds"]
    return replace(ran, answer={"seconds": seconds, "digest": asked["digest"]})
