"""A month of cost as it lands, made up from a seed like the month of usage, in a book of its own.

A bill's lines are in the order of days and hours, and a resource has 15 of them a day, as in AWS's
own bill of October 2018 (where so many share a resource, a type of usage and a day). A resource
belongs to one of 12 modules, each of which runs on a service. Three in ten are tagged as shared:
each module's are split by what each of the 1,000 tenants used on the day. The others name a tenant,
by Zipf's law (1.1). One line in 50 is a refund; costs have ten decimals, one in 20 of them written
like `1.05E-8`.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
from meterbook.delivery import ControlTotal, DeliveredFile, Delivery, close_delivery, land_rows
from meterbook.ports import ObjectStore
from meterbook_local.folder import FolderStore

from bench import books
from bench.generate import BUCKETS, DAYS, FIRST_DAY, MODULES, TENANTS, tenants
from bench.ground import Ground, job

_SEED, _FILES = 7, 32
_CLOSED = datetime(2026, 11, 4, tzinfo=UTC)
_LINES = 15  # of a resource on a day
_SHARED, _REFUND, _SCIENTIFIC = 300, 20, 50  # of 1,000: resources, lines, lines
_DRAWN = f"""
with line as (
    select i, i * {DAYS} // {{rows}} as day, i % ({{rows}} // {DAYS * _LINES}) as resource
    from range({{rows}}) as t(i)
), drawn as (
    select i, day, resource, dice(resource, 1, 1000) < {_SHARED} as is_shared,
        dice(resource, 2, {BUCKETS}) as bucket, dice(resource, 3, {MODULES}) as module,
        case when dice(i, 4, 1000) < {_REFUND} then -1 else 1 end * dice(i, 5, 10000000000)
            as units,
        dice(i, 6, 1000) < {_SCIENTIFIC} as is_scientific
    from line
)
"""
_FILE = (
    _DRAWN
    + f"""
select i * {_FILES} // {{rows}} as file, count(*), string_agg(
    '{{{{"account":"' || 100000000000 + module || '","cost":"'
    || case when is_scientific then units || 'E-10'
        else (units::decimal(20, 0) * 0.0000000001)::varchar end
    || '","currency":"USD","file":"bill.parquet","line":' || i + 2
    || ',"line_type":"' || case when units < 0 then 'Refund' else 'Usage' end
    || '","module_tag":"MOD-' || lpad((module + 1)::varchar, 3, '0') || '","owner_tag":"'
    || case when is_shared then 'shared' else 'tenant-' || lpad(tenant::varchar, 4, '0') end
    || '","resource_id":"arn:aws:service:eu-west-2:' || md5('{_SEED}:' || resource)
    || '","service":"Service' || module
    || '","usage_date":"' || strftime(date '{FIRST_DAY}' + day::integer, '%Y-%m-%d')
    || '","usage_type":"EUW2-BoxUsage:' || module || '"}}}}' || chr(10), '' order by i)
from drawn join zipf using (bucket) group by file order by file
"""
)
_DAY = _DRAWN + "select day, sum(units), count(*) from drawn group by day order by day"
_CATALOG = """
kind: metric
id: work
unit: second
---
kind: allocation_rule
id: tagged
version: 1
position: 10
method: tag
---
kind: allocation_rule
id: pools
version: 1
position: 20
method: usage_share
match: {owner_tag: shared}
metric: work
"""


@cache
def book(ground: Ground, rows: int) -> Path:
    """A book with such a month in it, brought up to date."""
    root = ground.empty(f"work/costs-{rows}")
    job(ground, "bench.books:land_catalog", root=str(root), more=_CATALOG)
    shutil.copytree(
        month(ground, rows), root / "landing", copy_function=os.link, dirs_exist_ok=True
    )
    return books.book(ground, root)


@cache
def month(ground: Ground, rows: int) -> Path:
    """The folder of such a month as it lies in a landing folder, made once."""
    made_by = f"{rows}{Path(__file__).read_text('utf-8')}{duckdb.__version__}"
    name = f"data/costs-{rows}-{hashlib.sha256(made_by.encode()).hexdigest()[:12]}"
    made = ground.folder / name
    if not made.exists():
        begun = ground.empty(f"{name}.begun")
        job(ground, "bench.costs:generate", folder=str(begun), rows=rows)
        begun.rename(made)
    return made


def generate(folder: str, rows: int) -> None:
    """Land the bill, and the use that its pools are split by, each as one delivery."""
    landing = FolderStore(Path(folder))
    with duckdb.connect() as db:
        db.execute(f"create macro dice(n, k, sides) as (hash(hash(n, {_SEED}, k)) % sides)::bigint")
        db.execute(
            "create table zipf as select unnest(range(?)) as bucket, unnest(?) as tenant",
            [BUCKETS, tenants()],
        )
        _land_bill(landing, db, rows)
    _land_usage(landing)


def _land_bill(landing: ObjectStore, db: duckdb.DuckDBPyConnection, rows: int) -> None:
    texts = db.execute(_FILE.format(rows=rows)).fetchall()
    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(lambda one: _file(landing, *one), texts))
    days = [
        ControlTotal(FIRST_DAY + timedelta(days=day), Decimal(units).scaleb(-10), count)
        for day, units, count in db.execute(_DAY.format(rows=rows)).fetchall()
    ]
    close_delivery(
        landing,
        Delivery("bench.bill", "cur", "bench:bill", "bench:bill", _CLOSED, files, days, "bench"),
    )


def _file(landing: ObjectStore, number: int, count: int, text: str) -> DeliveredFile:
    key = f"cur/bench.bill/{number:05d}.jsonl.gz"
    body = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    landing.put_if_absent(key, body)
    return DeliveredFile(key, count, len(body))


def _land_usage(landing: ObjectStore) -> None:
    files = land_rows(landing, "usage", "bench.work", (_used(day) for day in range(DAYS)))
    close_delivery(
        landing, Delivery("bench.work", "usage", "bench.work", "bench.work", _CLOSED, files)
    )


def _used(day: int) -> dict[str, object]:
    """A pack with what each tenant used on a day."""
    events = list(_events(day))
    return {
        "version": "0",
        "id": f"work-{day}",
        "detail-type": "usage_recorded",
        "source": "meterbook.import",
        "time": f"{_CLOSED:%Y-%m-%dT%H:%M:%SZ}",
        "detail": {"count": len(events), "events": events},
    }


def _events(day: int) -> Iterator[dict[str, object]]:
    for tenant in range(1, TENANTS + 1):
        micros = 1 + (tenant * 48_271 + day * 16_807) % 999_999_937
        yield {
            "specversion": "1.0",
            "id": f"{day}-{tenant}",
            "source": "/MOD-001/work",
            "type": "work",
            "subject": f"tenant-{tenant:04d}",
            "time": f"{FIRST_DAY + timedelta(days=day)}T12:00:00Z",
            "data": {"quantity": f"{Decimal(micros).scaleb(-6):f}", "unit": "second"},
        }
