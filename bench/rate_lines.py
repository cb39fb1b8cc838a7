"""Lines rated by the tariff, against CloudKitty's hashmap module on the same usage and prices.

Ours are the product's own texts from a month's quantities to the lines of its bill, rounded and
with all that a line has to tell. Twelve of the prices are flat, and twelve fall with the volume,
which to hashmap are services with a cost and thresholds. Both sides hold the usage in the form
that they rate, which is not timed, and write nothing: hashmap works through its points in the
memory of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import duckdb
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook_local.clock import FixedClock
from meterbook_local.workspace import open_workspace

from bench import books, cards, models
from bench.answers import Answer
from bench.generate import FIRST_DAY, UNITS
from bench.ground import Ground, Run, duel, job, missing
from bench.measure import Measure, times_better

TENANTS = 10_000
USAGE, LINES = "billing.period_usage", "billing.period_lines"
_NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
# What the tariff is given: who used how much, who has which card, and who pays for it.
_GIVEN = {
    USAGE: "metric, 'licensee' as visibility, "
    "(hash(tenant_id, metric) % 1000000 * 0.001)::decimal(38, 6) as quantity",
    "billing.period_tiers": "'card' as plan_id, 1 as plan_version, 'EUR' as currency, "
    "false as passthrough, 1 as card_rank, 31 as covered_days",
    "billing.period_accounts": "'pays-' || tenant_id as account_id, 'seller' as seller_id, "
    "'EUR' as currency, 2 as minor_digits",
}
_KNOWN = (
    "plan_rates", "plan_rate_tiers", "plans", "period_fees", "period_passthrough", "period_fx",
    "period_discounts", "period_credits",
)  # fmt: skip


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU a line, if every amount is the same to the cent; nothing without CloudKitty."""
    if reason := missing(ground, "bench.peers.cloudkitty:version"):
        print(f"skipped: CloudKitty does not run with {ground.peers}: {reason}", flush=True)
        return
    root = str(ground.empty("work/rates"))
    book, usage = f"{root}/book.duckdb", f"{root}.parquet"
    job(ground, "bench.rate_lines:make", root=root, tenants=TENANTS)

    def theirs() -> Run:
        return job(ground, "bench.peers.cloudkitty:rate", peers=True, usage=usage)

    lines = TENANTS * cards.METRICS
    ours, other = duel(lines, lambda: job(ground, "bench.rate_lines:rate", book=book), theirs)
    a_second = [lines / side.answer["seconds"] for side in (ours, other)]
    yield times_better(
        f"rating {lines:,} lines against CloudKitty's hashmap module",
        ours.answer["seconds"] / lines * 1e6, other.answer["seconds"] / lines * 1e6,
        f"µs of CPU a line, all threads: {a_second[0]:,.0f} and {a_second[1]:,.0f} lines a CPU "
        "second; all amounts are equal",
        target=100,
    )  # fmt: skip


def make(root: str, tenants: int) -> None:
    """A book that knows the card and what tenants have used, and the usage as a Parquet file."""
    folder = Path(f"{root}.catalog")
    folder.mkdir(exist_ok=True)
    (folder / "bench.yaml").write_text("---\n".join(cards.documents([], UNITS)), "utf-8")
    with open_workspace(Path(root), FixedClock(_NOW), "bench") as opened:
        apply_catalog(opened.book, read_catalog(folder))
    with duckdb.connect(f"{root}/book.duckdb") as db:
        for table, columns in _GIVEN.items():
            db.execute(f"delete from {table}")
            metrics = ", (from metering.metrics select metric)" if table == USAGE else ""
            db.execute(
                f"insert into {table} by name select date '{FIRST_DAY}' as period_start, "
                f"tenant_id, {columns} from (select 'tenant-' || lpad(n::varchar, 5, '0') "
                f"as tenant_id from range({tenants}) as t(n)){metrics}"
            )
        used = f"select tenant_id, metric, quantity::varchar as quantity from {USAGE} order by all"
        db.execute(f"copy ({used}) to '{root}.parquet' (format parquet)")


def rate(book: str) -> Answer:
    """The lines by the tariff."""
    steps = models.steps(models.chain([*_GIVEN, *(f"billing.{name}" for name in _KNOWN)], LINES))
    with models.over(book) as db:
        begun = process_time()
        for step in steps:
            db.execute(step)
        spent = process_time() - begun
        shown = f"select tenant_id, metric, amount::decimal(38, 2) from {LINES}"
        return {"seconds": spent, "digest": books.rows_digest(db, shown, Path(f"{book}.tsv"))}
