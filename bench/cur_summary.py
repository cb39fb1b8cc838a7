"""The daily summary of a bill, of the shape that Koku makes on Trino, against ClickHouse.

Per day, product, account, zone, family, region, tags, type and unit: amounts, the highest rates,
and which resources they are of, each once. Both engines hold the same typed lines as tables of
their own. Either asks in the way that is fastest on it: ClickHouse gathers the resources of a group
as a set and counts that; DuckDB, which is slow at `distinct` inside a group, sums by resource first
and gathers then, for about half of what the plain question costs it. A bill of hours has many lines
of a resource on a day; a bill of days has one, and groups that are nearly as many as its lines.

The shape is that of reporting_awscostentrylineitem_daily_summary.sql in project-koku/koku.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import process_time

import duckdb

from bench.answers import SUMMARISED, Answer
from bench.books import rows_digest
from bench.generate import DAYS, FIRST_DAY, MODULES, TENANTS
from bench.ground import THREADS, Ground, Run, duel, job
from bench.measure import Measure, times_better

LINES = 500_000
_SEED = 7
_BILL = f"""
with line as (
    select i, i * {DAYS} // {{lines}} as day, i % {{resources}} as resource,
        i % ({{lines}} // {DAYS}) // {{resources}} as hour
    from range({{lines}}) as t(i)
), drawn as (
    select *, 1 + dice(resource, 1, {TENANTS}) as tenant, dice(resource, 2, {MODULES}) as module,
        dice(resource, 3, 5) as family, dice(resource, 4, 3) as zone
    from line
)
select timestamp '{FIRST_DAY}' + to_days(day::integer) + to_hours(hour) as usage_start,
    'AWS' as billing_entity, 'Service' || module as product_code,
    'Amazon Service ' || module as product_name, 'Family ' || family as product_family,
    (100000000000 + module)::varchar as account, 'eu-west-2' as region,
    'eu-west-2' || chr((97 + zone)::integer) as availability_zone, 'm5.' || family as instance_type,
    case when module = 0 then 'GB' else 'Hrs' end as unit,
    '{{{{"user_module":"MOD-' || lpad((module + 1)::varchar, 3, '0') || '","user_owner":"tenant-'
    || lpad(tenant::varchar, 4, '0') || '"}}}}' as tags,
    'arn:aws:service:eu-west-2:' || md5('{_SEED}:' || resource) as resource_id,
    case when dice(i, 5, 50) = 0 then 'SavingsPlanNegation' else 'Usage' end as line_type,
    (dice(i, 6, 10000000) * 0.000001)::decimal(18, 6) as usage_amount,
    (dice(i, 7, 10000000) * 0.0000000001)::decimal(18, 10) as unblended_rate,
    (dice(i, 8, 1000000000) * 0.0000000001)::decimal(18, 10) as unblended_cost,
    (dice(i, 9, 1000000000) * 0.0000000001)::decimal(18, 10) as public_on_demand_cost
from drawn
"""
_KEYS = """usage_start::date as usage_date, billing_entity, product_code, product_name,
    product_family, account, region, availability_zone, instance_type, unit, tags"""
_SUMMARY = f"""
with by_resource as (
    select {_KEYS}, resource_id,
        sum(case when line_type = 'SavingsPlanNegation' then 0 else usage_amount end)
            as usage_amount,
        max(unblended_rate) as unblended_rate, sum(unblended_cost) as unblended_cost,
        sum(public_on_demand_cost) as public_on_demand_cost
    from held.lines group by all
)
select * exclude (resource_id, usage_amount, unblended_rate, unblended_cost, public_on_demand_cost),
    sum(usage_amount) as usage_amount, max(unblended_rate) as unblended_rate,
    sum(unblended_cost) as unblended_cost, sum(public_on_demand_cost) as public_on_demand_cost,
    list(resource_id) as resource_ids, count(*) as resource_count
from by_resource group by all
"""


def measures(ground: Ground) -> Iterator[Measure]:
    """CPU for a bill with a line for each hour of a resource, and for one with a line a day."""
    yield _measure(ground, "hourly", 15)
    yield _measure(ground, "daily", 1)


def _measure(ground: Ground, kind: str, a_day: int) -> Measure:
    folder = ground.empty(f"work/bill-{kind}")
    file, held, database = (str(folder / name) for name in ("bill.parquet", "bill.duckdb", "ch"))
    job(ground, "bench.cur_summary:write_bill", file=file, held=held, lines=LINES, a_day=a_day)
    job(ground, "bench.peers.clickhouse:hold_bill", peers=True, database=database, bill=file)

    def theirs() -> Run:
        return job(ground, "bench.peers.clickhouse:summarise_bill", peers=True, database=database)

    ours, other = duel(LINES, lambda: job(ground, "bench.cur_summary:summarise", held=held), theirs)
    return times_better(
        f"daily summary of a bill of {LINES:,} lines against ClickHouse, "
        f"{a_day} of a resource a day",
        ours.answer["seconds"], other.answer["seconds"],
        "CPU s of the engines; sums and which resources they are of, by eleven keys",
    )  # fmt: skip


def write_bill(file: str, held: str, lines: int, a_day: int) -> None:
    """Make the lines up, as a Parquet file and as a table of DuckDB's own."""
    with duckdb.connect() as db:
        db.execute(f"create macro dice(n, k, sides) as (hash(hash(n, {_SEED}, k)) % sides)::bigint")
        db.execute(f"attach '{held}' as held")
        bill = _BILL.format(lines=lines, resources=lines // DAYS // a_day)
        db.execute(f"create table held.lines as {bill}")
        db.execute(f"copy held.lines to '{file}' (format parquet)")


def summarise(held: str) -> Answer:
    """The summary by DuckDB."""
    with duckdb.connect() as db:
        db.execute(f"set threads = {THREADS}")
        db.execute(f"attach '{held}' as held (read_only)")
        begun = process_time()
        db.execute(f"create table answer as {_SUMMARY}")
        spent = process_time() - begun
        return answer_of(db, spent, held)


def answer_of(db: duckdb.DuckDBPyConnection, spent: float, held: str) -> Answer:
    """What a table `answer` says, in the form that the peer has too."""
    resources = "array_to_string(list_sort(resource_ids), ' ') as resources"
    shown = f"select {SUMMARISED}, md5(tags), {resources} from answer"
    found = rows_digest(db, shown, Path(f"{held}.tsv"), "usage_date, resources")
    return {"seconds": spent, "digest": found}
