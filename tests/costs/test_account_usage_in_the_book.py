"""The credits of exports of ACCOUNT_USAGE find their owners, and sum to what Snowflake billed."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from costs.account_usage_exports import (
    DAILY,
    HOURLY,
    QUERIES,
    day_line,
    export,
    hour_line,
    query_line,
)
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.costs.ingest_account_usage import ingest_account_usage
from meterbook.money import split_whole
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

DATA = Path(__file__).parents[2] / os.environ.get("DATA", "../shared/data")
NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
CATALOG = """
kind: tenant
id: acme
name: Acme
---
kind: tenant
id: birch
name: Birch
---
kind: cost_rate
id: snowflake_credit
value: 3.00
---
kind: warehouse
id: ACME_ONLY
dedicated_to: acme
---
kind: query_owners
id: roles
by: role
owners: [{value: BIRCH_ROLE, owner: birch}]
---
kind: allocation_rule
id: by-tag
version: 1
position: 1
method: tag
from: 2020-01-01
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A book that knows two tenants; each test brings days of its own."""
    folder = tmp_path_factory.mktemp("credits")
    (folder / "catalog").mkdir()
    (folder / "catalog" / "all.yaml").write_text(CATALOG, "utf-8")
    with closing(DuckDBWarehouse()) as warehouse:
        book = Book(warehouse, FolderStore(folder / "landing"), FixedClock(NOW))
        book.apply()
        apply_catalog(book, read_catalog(folder / "catalog"))
        yield book


def credits_of(book: Book, *days: str) -> dict[tuple[str, str, str], Decimal]:
    """Credits by warehouse, owner and kind."""
    rows: list[Any] = book.show("v_snowflake_credit_daily")
    told = [row for row in rows if str(row["usage_date"]) in days]
    return {(r["warehouse_name"], r["owner"], r["kind"]): r["credits"].normalize() for r in told}


def conserved(book: Book) -> dict[str, tuple[Decimal, Decimal]]:
    """What Snowflake billed on each day, in USD, and what of it has nowhere gone."""
    rows: list[Any] = book.show("v_cost_conservation", {"source": "snowflake"})
    return {f"{r['usage_date']}": (r["control_usd"], r["residual_usd"]) for r in rows}


def test_queries_idle_time_and_what_is_given_back_find_their_owners(
    book: Book, tmp_path: Path
) -> None:
    daily = export(
        tmp_path / "daily.csv",
        DAILY,
        day_line(compute="6", cloud="0.4", adjustment="-0.2", billed="6.2"),
        day_line(
            service="AUTO_CLUSTERING", compute="0.25", cloud="0", adjustment="0", billed="0.25"
        ),
    )
    hourly = export(
        tmp_path / "hourly.csv",
        HOURLY,
        hour_line(end="2026-10-01 09:00:00.000 Z", name="SHARED", compute="4", cloud="0.3", queries="3"),
        hour_line(end="2026-10-01 09:00:00.000 Z", name="ACME_ONLY", id="8", compute="2", cloud="0.1", queries=""),
    )  # fmt: skip
    queries = export(
        tmp_path / "queries.csv",
        QUERIES,
        query_line("q1", warehouse="SHARED", ms="1000"),
        query_line(
            "q2",
            warehouse="SHARED",
            tag="",
            role="BIRCH_ROLE",
            start="2026-10-01 01:00:00.000 -0700",
            end="2026-10-01 01:00:03.000 -0700",
            ms="3000",
        ),
    )
    ingest_account_usage(book, [daily, hourly, queries])
    assert credits_of(book, "2026-10-01") == {
        ("SHARED", "acme", "compute"): Decimal("0.75"),
        ("SHARED", "birch", "compute"): Decimal("2.25"),
        ("SHARED", "acme", "idle"): Decimal("0.25"),
        ("SHARED", "birch", "idle"): Decimal("0.75"),
        ("SHARED", "acme", "cloud_services"): Decimal("0.075"),
        ("SHARED", "birch", "cloud_services"): Decimal("0.225"),
        ("ACME_ONLY", "acme", "compute"): 2,
        ("ACME_ONLY", "acme", "cloud_services"): Decimal("0.1"),
        ("ACME_ONLY", "acme", "adjustment"): Decimal("-0.05"),
        ("SHARED", "acme", "adjustment"): Decimal("-0.0375"),
        ("SHARED", "birch", "adjustment"): Decimal("-0.1125"),
        ("", "", "auto_clustering"): Decimal("0.25"),
    }
    assert conserved(book)["2026-10-01"] == (Decimal("19.35"), 0)


def test_a_later_export_restates_its_days_whole(book: Book, tmp_path: Path) -> None:
    def brought(billed: str, *days: str) -> None:
        lines = [day_line(day, "PIPE", compute=billed, cloud="0", adjustment="0", billed=billed) for day in days]  # fmt: skip
        ingest_account_usage(book, [export(tmp_path / "daily.csv", DAILY, *lines)])

    brought("1", "2026-10-11", "2026-10-12")
    brought("5", "2026-10-12")
    assert credits_of(book, "2026-10-11") == {("", "", "pipe"): 1}
    assert credits_of(book, "2026-10-12") == {("", "", "pipe"): 5}
    assert conserved(book)["2026-10-12"] == (15, 0)


def test_hours_that_were_left_out_turn_the_day_red(book: Book, tmp_path: Path) -> None:
    daily = export(
        tmp_path / "daily.csv", DAILY, day_line("2026-10-21", adjustment="0", billed="1.6")
    )
    ingest_account_usage(book, [daily])
    assert conserved(book)["2026-10-21"] == (Decimal("4.8"), Decimal("4.8"))
    hours = [hour_line(f"2026-10-21 {hour:02d}:00:00.000 Z", end=f"2026-10-21 {hour:02d}:30:00.000 Z", compute="0.75", cloud="0.05") for hour in (8, 9)]  # fmt: skip
    ingest_account_usage(book, [daily, export(tmp_path / "hourly.csv", HOURLY, *hours)])
    assert conserved(book)["2026-10-21"] == (Decimal("4.8"), 0)


SERVICES = {
    "Compute": "WAREHOUSE_METERING",
    "Automatic Clustering": "AUTO_CLUSTERING",
    "Snowpipe": "PIPE",
    "Snowpipe Streaming": "SNOWPIPE_STREAMING",
    "Serverless Tasks": "SERVERLESS_TASK",
    "Search Optimization": "SEARCH_OPTIMIZATION",
    "Replication": "REPLICATION",
    "Query Acceleration": "QUERY_ACCELERATION",
    "Materialized Views": "MATERIALIZED_VIEW",
}


@pytest.mark.real
def test_the_credits_of_a_published_month_sum_to_it(book: Book, tmp_path: Path) -> None:
    """The published sums by service, divided over the days and hours of the month by 10^-9."""
    published = DATA / "snowflake-monthly-spend-fixture" / "monthly_spend_fixture.csv"
    if not published.is_file():
        pytest.skip(f"the published data set snowflake-monthly-spend-fixture is not in {DATA}")
    with published.open(encoding="utf-8", newline="") as file:
        spend = {row["SERVICE"]: Decimal(row["SPEND"]) for row in csv.DictReader(file)}
    days = [str(date(2022, 4, 1) + timedelta(days=n)) for n in range(30)]
    weights = [n * n % 7 + 1 for n in range(30)]

    def divided(service: str) -> list[Decimal]:
        units = abs(int(spend[service].scaleb(9)))
        parts = [Decimal(part).scaleb(-9) for part in split_whole(units, weights)]
        return [part.copy_sign(spend[service]) for part in parts]

    daily, hourly = [], []
    cloud, adjusted = divided("Cloud Services"), divided("Adj For Incl Cloud Services")
    for service, service_type in SERVICES.items():
        for n, (day, used) in enumerate(zip(days, divided(service), strict=True)):
            here = service_type == "WAREHOUSE_METERING"
            clouds, given_back = (cloud[n], adjusted[n]) if here else (Decimal(0), Decimal(0))
            told = {"compute": used, "cloud": clouds, "used": used + clouds}
            told |= {"adjustment": given_back, "billed": used + clouds + given_back}
            daily.append(day_line(day, service_type, **{k: f"{v:f}" for k, v in told.items()}))
    for n, (day, used) in enumerate(zip(days, divided("Compute"), strict=True)):
        parts = (
            split_whole(int(used.scaleb(9)), [2, 1]),
            split_whole(int(cloud[n].scaleb(9)), [1, 3]),
        )
        for name, one, more in zip(("ACME_ONLY", "SHARED"), *parts, strict=True):
            told = {"name": name, "id": name, "compute": one, "cloud": more, "queries": one // 2}
            texts = {
                k: v if isinstance(v, str) else f"{Decimal(v).scaleb(-9):f}"
                for k, v in told.items()
            }
            hourly.append(
                hour_line(f"{day} 01:00:00.000 -0700", end=f"{day} 02:00:00.000 -0700", **texts)
            )
    files = export(tmp_path / "d.csv", DAILY, *daily), export(tmp_path / "h.csv", HOURLY, *hourly)
    done = ingest_account_usage(book, files)

    credits_usd = {service: usd for service, usd in spend.items() if service in SERVICES}
    whole = (
        sum(credits_usd.values()) + spend["Cloud Services"] + spend["Adj For Incl Cloud Services"]
    )
    assert done.credits_billed == whole == Decimal("912.823335538")
    rows: list[Any] = [
        row for row in book.show("v_snowflake_credit_daily") if str(row["usage_date"]) in days
    ]
    by_kind: Counter[str] = Counter()
    for row in rows:
        by_kind[row["kind"]] += row["credits"]
    assert by_kind["compute"] + by_kind["idle"] == spend["Compute"]
    assert by_kind["cloud_services"] == spend["Cloud Services"]
    assert by_kind["adjustment"] == spend["Adj For Incl Cloud Services"]
    assert by_kind["auto_clustering"] == spend["Automatic Clustering"]
    assert sum(row["credits"] for row in rows) == whole
    assert sum(row["cost_usd"] for row in rows) == whole * 3
    assert {conserved(book)[day][1] for day in days} == {0}
