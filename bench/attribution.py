"""Every line of a bill with its owner, against a plain scan that sums the same lines by day.

Ours are the product's own texts between the lines of a bill and their owners, the weights of the
split included. The scan looks at each value of each column once: `max` of it, by day. Both answer
what each day cost, ours by adding up what every owner was given, so a digit lost is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time

import duckdb

from bench import books, costs, models
from bench.answers import Answer
from bench.generate import DAYS, MODULES, TENANTS
from bench.ground import Ground, Run, Unequal, duel, job
from bench.measure import Measure, times_as_much

LINES = 1_000_000
TYPED, LANDED, USED = "metering.cost_lines", "metering.landed_cur", "metering.usage_daily"
FILES, OWNED = "metering.cost_files", "metering.attributed_cost_daily"
_OF_TEXT = f"""
select (record ->> 'usage_date')::date as usage_date,
    sum((record ->> 'cost')::decimal(38, 12)) as cost_usd
from {LANDED} group by all
"""


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU from typed lines to owners, and from the landed lines, which are JSON."""
    book = str(costs.book(ground, LINES))
    to = f"{TENANTS:,} tenants × {MODULES} modules × {DAYS} days"
    yield _against_a_scan(
        ground, book, [TYPED, USED], f"attribution of {LINES:,} typed cost rows to {to}",
        "the scan looks at every value of every column", target=6,
    )  # fmt: skip
    yield _against_a_scan(
        ground, book, [LANDED, FILES, USED], f"the same from landed rows, {LINES:,} lines of JSON",
        "ours types and judges all fields first; the scan reads the day and the cost",
    )  # fmt: skip


def _against_a_scan(
    ground: Ground, book: str, starts: Sequence[str], name: str, note: str,
    target: float | None = None,
) -> Measure:  # fmt: skip
    def side(which: str) -> Run:
        return job(ground, f"bench.attribution:{which}", book=book, starts=starts)

    ours, theirs = duel(LINES, lambda: side("attribute"), lambda: side("scan"))
    return times_as_much(
        f"{name} against a plain scan of them",
        ours.answer["seconds"], theirs.answer["seconds"],
        f"CPU s of DuckDB; {note}; conserved to the last digit on each day",
        target=target,
    )  # fmt: skip


def attribute(book: str, starts: Sequence[str]) -> Answer:
    """What each day cost, as the sum of what its owners were given."""
    steps = models.steps(models.chain(starts, OWNED))
    with models.over(book) as db:
        begun = process_time()
        for step in steps:
            db.execute(step)
        spent = process_time() - begun
        _must_reach_everybody(db)
        daily = f"select usage_date, sum(cost_usd) as cost_usd from {OWNED} group by all"
        return _answer(db, spent, daily, book)


def _must_reach_everybody(db: duckdb.DuckDBPyConnection) -> None:
    """Refuse a book in which a tenant has no part of some module on some day."""
    owners = "select distinct usage_date, tenant_id, module_id"
    sql = f"select count(*) from ({owners} from {OWNED} where disposition = 'attributed')"
    if db.execute(sql).fetchall() != [(DAYS * TENANTS * MODULES,)]:
        raise Unequal("not every tenant has its part of every module on every day")


def scan(book: str, starts: Sequence[str]) -> Answer:
    """What each day cost, read off the first of the tables that the attribution starts from."""
    with models.over(book) as db:
        sql = _OF_TEXT if starts[0] == LANDED else _of_columns(db)
        begun = process_time()
        db.execute(f"create table answer as {sql}")
        spent = process_time() - begun
        return _answer(db, spent, "select usage_date, cost_usd from answer", book)


def _of_columns(db: duckdb.DuckDBPyConnection) -> str:
    described = db.execute(f"select * from {TYPED} limit 0").description or []
    looked_at = ", ".join(f"max({column[0]})" for column in described)
    return f"select usage_date, sum(cost_usd) as cost_usd, {looked_at} from {TYPED} group by 1"


def _answer(db: duckdb.DuckDBPyConnection, spent: float, daily: str, book: str) -> Answer:
    return {"seconds": spent, "digest": books.rows_digest(db, daily, Path(f"{book}.tsv"))}
