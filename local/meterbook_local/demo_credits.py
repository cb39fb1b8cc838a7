"""What Snowflake says of the demo month: two warehouses, who ran queries there, two services.

The files are exports of three views of ACCOUNT_USAGE. One warehouse is a tenant's own; the other is
shared by all, idles between queries, and is loaded by the platform itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from meterbook_local.demo_dice import Dice, csv_text, fixed, zipped

_BILLION = 10**9  # Snowflake writes credits with nine decimals, what it takes off with ten
_DAILY = (
    "SERVICE_TYPE", "USAGE_DATE", "CREDITS_USED_COMPUTE", "CREDITS_USED_CLOUD_SERVICES",
    "CREDITS_USED", "CREDITS_ADJUSTMENT_CLOUD_SERVICES", "CREDITS_BILLED",
)  # fmt: skip
_HOURLY = (
    "START_TIME", "END_TIME", "WAREHOUSE_ID", "WAREHOUSE_NAME", "CREDITS_USED",
    "CREDITS_USED_COMPUTE", "CREDITS_USED_CLOUD_SERVICES", "CREDITS_ATTRIBUTED_COMPUTE_QUERIES",
)  # fmt: skip
_QUERIES = (
    "QUERY_ID", "WAREHOUSE_NAME", "USER_NAME", "ROLE_NAME", "QUERY_TAG", "START_TIME", "END_TIME",
    "EXECUTION_TIME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Warehouse:
    """A warehouse, its hours of work, and at most how many queries it runs in one of them."""

    id: str
    name: str
    first_hour: int
    last_hour: int
    queries: int


_SHARED = _Warehouse("11", "ANALYTICS_WH", 7, 18, 9)
_DEDICATED = _Warehouse("12", "LARKSPUR_WH", 9, 16, 4)


def write_credits(folder: Path, tenants: Mapping[date, Sequence[str]], dice: Dice) -> list[Path]:
    """Write the exports of a month in which these are the tenants of each day."""
    daily: list[list[str]] = []
    hourly: list[list[str]] = []
    queries: list[list[str]] = []
    for day, present in tenants.items():
        hours = list(_hours_of(day, dice))
        hourly += [_hour_row(*hour) for hour in hours]
        for warehouse, start, *_ in hours:
            queries += _query_rows(warehouse, start, present, dice)
        daily += _day_rows(day, [(compute, cloud) for *_, compute, cloud, _ in hours], dice)
    return [
        zipped(folder / f"{name}.csv.gz", csv_text(header, rows))
        for name, header, rows in (
            ("metering-daily-history", _DAILY, daily),
            ("warehouse-metering-history", _HOURLY, hourly),
            ("query-history", _QUERIES, queries),
        )
    ]


_Hour = tuple[_Warehouse, datetime, int, int, int]


def _hours_of(day: date, dice: Dice) -> Iterator[_Hour]:
    """Each hour of work with its credits, in billionths: compute, cloud services, of queries."""
    for warehouse in (_SHARED, _DEDICATED):
        hours = range(warehouse.first_hour, warehouse.last_hour + 1)
        for hour in hours if day.weekday() < 5 else hours[::4]:
            compute = dice.between(3 * _BILLION // 10, _BILLION)
            cloud = dice.between(_BILLION // 100, _BILLION // 8)
            of_queries = compute * dice.between(55, 90) // 100
            start = datetime.combine(day, time(hour), tzinfo=UTC)
            yield warehouse, start, compute, cloud, of_queries


def _hour_row(
    warehouse: _Warehouse, start: datetime, compute: int, cloud: int, of_queries: int
) -> list[str]:
    amounts = [fixed(amount, 9) for amount in (compute + cloud, compute, cloud, of_queries)]
    end = start + timedelta(hours=1)
    return [_moment(start), _moment(end), warehouse.id, warehouse.name, *amounts]


def _query_rows(
    warehouse: _Warehouse, start: datetime, tenants: Sequence[str], dice: Dice
) -> Iterator[list[str]]:
    for number in range(dice.between(1, warehouse.queries)):
        began = start + timedelta(milliseconds=dice.below(3_200_000))
        ran_ms = dice.between(1_500, 240_000)
        yield [
            f"{start:%Y%m%d%H}-{warehouse.id}-{number:02d}",
            warehouse.name,
            "svc_platform",
            *_claims(tenants, dice),
            _moment(began),
            _moment(began + timedelta(milliseconds=ran_ms + dice.below(900))),
            str(ran_ms),
        ]


def _claims(tenants: Sequence[str], dice: Dice) -> tuple[str, str]:
    """The role that a query runs in and the tag that it carries: most say whose they are."""
    if dice.one_in(6):
        return "LOADER", ""
    return "REPORTS", json.dumps({"tenant_id": tenants[dice.below(len(tenants))]})


def _day_rows(day: date, hours: Sequence[tuple[int, int]], dice: Dice) -> Iterator[list[str]]:
    """What Snowflake bills: the hours, less cloud services up to a tenth of compute; services."""
    compute, cloud = (sum(amounts) for amounts in zip(*hours, strict=True))
    taken_off = min(10 * cloud, compute)  # in tenths of a billionth
    yield _day_row(day, "WAREHOUSE_METERING", compute, cloud, taken_off)
    yield _day_row(day, "PIPE", dice.between(_BILLION // 50, _BILLION // 20), 0, 0)
    yield _day_row(day, "AUTO_CLUSTERING", dice.below(_BILLION // 10), 0, 0)


def _day_row(day: date, service: str, compute: int, cloud: int, taken_off: int) -> list[str]:
    used = [fixed(amount, 9) for amount in (compute, cloud, compute + cloud)]
    billed = 10 * (compute + cloud) - taken_off
    return [service, day.isoformat(), *used, fixed(-taken_off, 10), fixed(billed, 10)]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} +0000"
