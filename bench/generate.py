"""A month of usage as Firehose lands it, made up from a seed: same seed, same events, no dice.

Every property of an event is a hash of its number, so a day, a file or a single event can be made
by itself. A line is an event recorded; 21 in 1,000 repeat an earlier event of the same function,
and 1 pack in 100 is delivered twice, which makes 3 % duplicates. 1,000 tenants by Zipf's law (1.1),
12 modules that record four of the 24 metrics each, 2 % of events up to five days late, quantities
with up to six decimals. Packs are what the layer sends (240 events, below 64 KB), files what
Firehose writes of them: 15 packs, which at ten million events a month are a quarter of an hour.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb

FIRST_DAY = date(2026, 10, 1)
DAYS = 31
TENANTS, METRICS, MODULES = 1_000, 24, 12
PACK, FILE, BOOT = 240, 15, 40  # events a pack, packs a file, packs a producer sends in its life
UNITS = ("call", "GB", "second", "inference")
_REPEATED, _REDELIVERED, _LATE = 21, 10, 20  # of 1,000 lines, packs, events
BUCKETS = 65_536
_CONSTANTS = {
    "pack": PACK, "file": FILE, "boot": BOOT, "modules": MODULES, "metrics": METRICS,
    "repeated": _REPEATED, "redelivered": _REDELIVERED, "late": _LATE, "buckets": BUCKETS,
    "units": list(UNITS), "unit_count": len(UNITS), "first_day": FIRST_DAY,
}  # fmt: skip

_EVENTS = """
with line as (
    select i, i // {pack} as pack, i % {pack} as place,
        i - {pack} * {modules} * (1 + dice(i, 1, {a_day})) as earlier
    from range({start}, {stop}) as t(i)
), numbered as (
    select *, case when {repeats} and earlier >= 0 and dice(i, 2, 1000) < {repeated}
        and dice(earlier, 2, 1000) >= {repeated} then earlier else i end as e
    from line
), drawn as (
    select *, pack // {packs} as day, e // {day_lines} as made,
        pack % {modules} as module, (pack % {packs}) // {modules} as turn,
        dice(e, 3, {buckets}) as bucket,
        (2 * (pack % {modules}) + dice(e, 4, 4)) % {metrics} as metric,
        dice(e, 5, 1000) as whole, dice(e, 6, 1000000) as parts,
        [0, 0, 0, 1, 2, 3, 6][1 + dice(e, 7, 7)] as decimals,
        case when dice(e, 8, 1000) < {late} then 1 + dice(e, 9, 5) else 0 end
            as days_late,
        (e % {day_lines}) * {step} + dice(e, 10, {step}) as moment
    from numbered
), event as (
    select i, e, day, pack, module, turn, days_late,
        'MOD-' || lpad((module + 1)::varchar, 3, '0') as module_id,
        'tenant-' || lpad(tenant::varchar, 4, '0') as tenant_id,
        'metric_' || lpad((metric + 1)::varchar, 2, '0') as metric_id,
        {units}[1 + metric % {unit_count}] as unit,
        md5('{seed}:' || e)::uuid::varchar as event_id,
        whole || case when decimals = 0 then ''
            else '.' || left(lpad(parts::varchar, 6, '0'), decimals) end as quantity,
        timestamp '{first_day}' + to_days((made - least(days_late, made))::integer)
            + to_microseconds(moment::bigint) as event_time,
        (turn % {boot}) * {pack} + place + 1 as sequence
    from drawn join zipf using (bucket)
)
"""

_FILES = """
, text as (
    select i, pack, module, module_id, turn, day,
        '{{"specversion":"1.0","id":"' || event_id || '","source":"/' || module_id || '/serve'
        || '","type":"' || metric_id || '","subject":"' || tenant_id || '","time":"'
        || strftime(event_time, '%Y-%m-%dT%H:%M:%S.%fZ')
        || '","sequence":"' || sequence || '","data":{{"quantity":"' || quantity || '","unit":"'
        || unit || '"}}}}' as event,
        'serve/' || left(md5('{seed}:' || day || ':' || module || ':' || turn // {boot}), 16)
            as producer
    from event
), packed as (
    select pack, pack % {packs} as place,
        '{{"version":"0","id":"' || md5('{seed}:pack:' || pack)::uuid::varchar
        || '","detail-type":"usage_recorded","source":"meterbook","account":"210987654321"'
        || ',"time":"' || strftime(timestamp '{first_day}' + to_microseconds(
            (pack + 1) * {pack} * {step}), '%Y-%m-%dT%H:%M:%SZ')
        || '","region":"eu-west-2","resources":[],"detail":{{"count":' || count(*)
        || ',"producer":"' || any_value(producer) || '","events":['
        || string_agg(event, ',' order by i) || ']}}}}' || chr(10) as row
    from text group by pack
), delivered as (
    select pack, 0 as again, place // {file} as file, row from packed
    union all
    select pack, 1 as again, least(place // {file} + 1, ({packs} - 1) // {file}) as file, row
    from packed where {repeats} and dice(pack, 11, 1000) < {redelivered}
)
select file, string_agg(row, '' order by again, pack) from delivered group by file order by file
"""

_DAILY = """
select event_time::date as usage_date, tenant_id, module_id, metric_id as metric,
    sum(quantity::decimal(38, 6))::decimal(38, 6) as quantity, count(*) as event_count
from event where e = i group by all
"""


@dataclass(frozen=True, slots=True)
class Month:
    """What to make: about so many lines of events, with or without anything told twice."""

    lines: int
    repeats: bool = True
    seed: int = 7

    @property
    def packs(self) -> int:
        """Packs a day."""
        twice = 1 + _REDELIVERED / 1000 if self.repeats else 1
        return max(1, round(self.lines / DAYS / PACK / twice))

    @property
    def name(self) -> str:
        """What its folder is called: another seed or another text of this file is another month."""
        made_by = f"{self}{Path(__file__).read_text('utf-8')}{duckdb.__version__}"
        return f"{self.lines}-{hashlib.sha256(made_by.encode()).hexdigest()[:12]}"

    def sql(self, text: str, days: range) -> str:
        """A query over the events that arrive on these days of the month, counted from 0."""
        day_lines = self.packs * PACK
        return (_EVENTS + text).format(
            seed=self.seed,
            repeats=self.repeats,
            packs=self.packs,
            day_lines=day_lines,
            start=days.start * day_lines,
            stop=days.stop * day_lines,
            step=86_400_000_000 // day_lines,
            a_day=max(1, self.packs // MODULES),
            **_CONSTANTS,
        )


def generate(folder: str, lines: int, repeats: bool, seed: int) -> None:
    """Write usage/yyyy/mm/dd/… below the folder, and daily.parquet: what all of it comes to."""
    month = Month(lines, repeats, seed)
    with duckdb.connect() as db, ThreadPoolExecutor(2) as pool:
        db.execute(f"create macro dice(n, k, sides) as (hash(n, {seed}, k) % sides)::bigint")
        db.execute(
            "create table zipf as select unnest(range(?)) as bucket, unnest(?) as tenant",
            [BUCKETS, tenants()],
        )
        under_way: Iterator[None] = iter(())
        for day in range(DAYS):
            place = Path(folder) / "usage" / f"{FIRST_DAY + timedelta(days=day):%Y/%m/%d}"
            place.mkdir(parents=True)
            files = db.execute(month.sql(_FILES, range(day, day + 1))).fetchall()
            list(under_way)  # one day is written while the next is made up
            under_way = pool.map(partial(_write, place), *zip(*files, strict=True))
        list(under_way)
        daily = month.sql(_DAILY, range(DAYS))
        db.execute(f"copy ({daily}) to '{folder}/daily.parquet' (format parquet)")


def _write(folder: Path, number: int, text: str) -> None:
    """Write one object as Firehose names it, but without a time in it: same text, same bytes."""
    body = gzip.compress(text.encode(), compresslevel=6, mtime=0)
    (folder / f"usage-{number:05d}.jsonl.gz").write_bytes(body)


def tenants() -> list[int]:
    """The tenant of each bucket: the k-th tenant has a share of buckets by k^-1.1."""
    weights = [k**-1.1 for k in range(1, TENANTS + 1)]
    ends = [round(BUCKETS * sum(weights[:k]) / sum(weights)) for k in range(TENANTS + 1)]
    return [k + 1 for k in range(TENANTS) for _ in range(ends[k], ends[k + 1])]
