"""A month of AWS's own bill comes in: a Cost and Usage Report of October 2018, 125 columns wide.

Ours is what `meterbook ingest cur` does with a file before the book is brought up to date: judge
every line, add up what each day costs, land the rows and close the delivery. DuckDB reads the same
file and sums the same cost by day. The report is Parquet; as AWS writes it too, gzipped CSV, it is
written from that. It lies in the folder DATA, where `make real` has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import duckdb
from meterbook.canonical import canonical_json, sha256, short
from meterbook.costs.ingest_cur import land_cur, read_cur_mapping
from meterbook.delivery import closed_delivery
from meterbook_local.folder import FolderStore

from bench.answers import Answer
from bench.ground import PROJECT, THREADS, Ground, duel, job
from bench.measure import Measure, times_as_much

REPORT = "aws-cur-2018-10/WorkshopCUR-Oct2018.parquet"
_MAPPING = PROJECT / "examples/cur-2018/cur.yaml"
_NOW = datetime(2018, 11, 5, tzinfo=UTC)
_ROWS = 119_307
_DAILY = """
select line_item_usage_start_date::date as usage_date,
    sum(line_item_unblended_cost::decimal(38, 10))::varchar as cost_usd, count(*) as row_count
from {report} group by usage_date order by usage_date
"""


def report() -> Path | None:
    """The report as it was published, None where there is none on this machine."""
    found = Path(os.environ.get("DATA", PROJECT.parent / "shared/data")) / REPORT
    return found if found.exists() else None


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU of the import as CSV and as Parquet; nothing where the report is not there."""
    parquet = report()
    if parquet is None:
        print(f"skipped: no {REPORT} in the folder DATA", flush=True)
        return
    text = ground.empty("work/cur") / "report.csv.gz"
    job(ground, "bench.import_cur:write_text", parquet=str(parquet), text=str(text))
    yield _import(ground, text, "gzipped CSV", "DuckDB reads all columns as text", target=3)
    yield _import(
        ground, parquet, "Parquet", "DuckDB reads three of 125 columns, ours lands every row"
    )


def _import(
    ground: Ground, file: Path, kind: str, note: str, target: float | None = None
) -> Measure:
    ours, theirs = duel(
        _ROWS,
        lambda: job(ground, "bench.import_cur:land", file=str(file),
                    folder=str(ground.empty("work/cur-landing"))),
        lambda: job(ground, "bench.import_cur:add_up", file=str(file)),
    )  # fmt: skip
    return times_as_much(
        f"import of a CUR month, {_ROWS:,} lines of {kind}, against DuckDB summing the same file",
        ours.answer["seconds"], theirs.answer["seconds"],
        f"CPU s; {note}; each day's total is equal", target=target,
    )  # fmt: skip


def write_text(parquet: str, text: str) -> None:
    """The report as gzipped CSV."""
    with duckdb.connect() as db:
        db.execute(f"copy (from '{parquet}') to '{text}' (format csv, header, compression gzip)")


def land(file: str, folder: str) -> Answer:
    """Land the report; what each day costs is read back from the closed delivery."""
    landing, mapping = FolderStore(Path(folder)), read_cur_mapping(_MAPPING)
    begun = process_time()
    landed = land_cur(landing, _NOW, [Path(file)], mapping)
    spent = process_time() - begun
    delivery = closed_delivery(landing, "cur", landed.delivery_id)
    days = delivery.days if delivery else ()
    totals = [(day.usage_date, day.control_usd, day.row_count) for day in days]
    return _answer(spent, [[f"{day}", short(usd), count] for day, usd, count in totals])


def add_up(file: str) -> Answer:
    """What each day costs, as DuckDB finds it in the file."""
    rows = f"read_csv('{file}', all_varchar = true)" if file.endswith(".gz") else f"'{file}'"
    with duckdb.connect() as db:
        db.execute(f"set threads = {THREADS}")
        begun = process_time()
        found = db.execute(_DAILY.format(report=rows)).fetchall()
        spent = process_time() - begun
    return _answer(spent, [[f"{day}", short(usd), count] for day, usd, count in found])


def _answer(spent: float, days: list[list[str | int]]) -> Answer:
    return {"seconds": spent, "digest": sha256(canonical_json(days))}
