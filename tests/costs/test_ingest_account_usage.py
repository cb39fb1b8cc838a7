"""Exports of ACCOUNT_USAGE land as one delivery, in UTC and to the last digit, or not at all.

No export of a real account is public; those here have the columns that the views have.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from close.disturbed import Crash, Disturbance, DisturbedStore
from costs.account_usage_exports import (
    DAILY,
    HOURLY,
    QUERIES,
    day_line,
    export,
    hour_line,
    query_line,
)
from meterbook.costs.ingest_account_usage import AccountUsageIngested, land_account_usage
from meterbook.errors import FileRefused
from meterbook_local.folder import FolderStore

NOW = datetime(2026, 10, 3, 6, tzinfo=UTC)


class Desk:
    """A folder of exports and the landing area behind the import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landing = FolderStore(folder / "landing")

    def daily(self, *lines: tuple[str, ...], name: str = "daily.csv") -> Path:
        return export(self.folder / name, DAILY, *lines or (day_line(),))

    def hourly(self, *lines: tuple[str, ...]) -> Path:
        return export(self.folder / "hourly.csv", HOURLY, *lines or (hour_line(),))

    def queries(self, *lines: tuple[str, ...], name: str = "queries.csv") -> Path:
        return export(self.folder / name, QUERIES, *lines or (query_line(),))

    def land(self, *files: Path, now: datetime = NOW, store: Any = None) -> AccountUsageIngested:
        return land_account_usage(store or self.landing, now, files)

    def rows(self) -> list[dict[str, Any]]:
        files = [self.landing.get(key) for key in self.landing.keys("account_usage/")]
        return [json.loads(line) for file in files for line in gzip.decompress(file).splitlines()]

    def closed(self) -> list[dict[str, Any]]:
        keys = self.landing.keys("deliveries/account_usage/")
        return [json.loads(self.landing.get(key)) for key in keys]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_row_of_each_view_lands_with_the_columns_that_the_book_asks_for(desk: Desk) -> None:
    desk.land(desk.queries(), desk.daily(), desk.hourly())
    assert desk.rows() == [
        {
            "view": "QUERY_HISTORY",
            "usage_date": "2026-10-01",
            "QUERY_ID": "01b0",
            "WAREHOUSE_NAME": "ETL",
            "START_TIME": "2026-10-01T08:00:00.000Z",
            "END_TIME": "2026-10-01T08:00:01.000Z",
            "EXECUTION_TIME": "900",
            "QUERY_TAG": '{"tenant_id": "acme"}',
            "ROLE_NAME": "R",
            "USER_NAME": "SVC",
        },
        {
            "view": "METERING_DAILY_HISTORY",
            "usage_date": "2026-10-01",
            "USAGE_DATE": "2026-10-01",
            "SERVICE_TYPE": "WAREHOUSE_METERING",
            "CREDITS_USED_COMPUTE": "1.5",
            "CREDITS_USED_CLOUD_SERVICES": "0.1",
            "CREDITS_USED": "1.6",
            "CREDITS_ADJUSTMENT_CLOUD_SERVICES": "-0.1",
            "CREDITS_BILLED": "1.5",
        },
        {
            "view": "WAREHOUSE_METERING_HISTORY",
            "usage_date": "2026-10-01",
            "START_TIME": "2026-10-01T08:00:00.000Z",
            "END_TIME": "2026-10-01T08:59:59.000Z",
            "WAREHOUSE_ID": "7",
            "WAREHOUSE_NAME": "ETL",
            "CREDITS_USED_COMPUTE": "1.5",
            "CREDITS_USED_CLOUD_SERVICES": "0.1",
            "CREDITS_ATTRIBUTED_COMPUTE_QUERIES": "1.25",
        },
    ]


def test_the_text_of_a_query_stays_where_it_is(desk: Desk) -> None:
    desk.land(desk.queries(), desk.daily())
    assert "a secret" not in json.dumps(desk.rows())


def test_the_delivery_covers_the_days_that_were_billed(desk: Desk) -> None:
    """Of a day that METERING_DAILY_HISTORY does not know yet, the hours may not be all there."""
    days = [day_line(), day_line(service="PIPE", billed="0.5"), day_line("2026-10-02", billed="2")]
    hours = [hour_line(), hour_line("2026-10-03 00:00:00.000 Z")]
    done = desk.land(desk.daily(*days), desk.hourly(*hours))
    (closed,) = desk.closed()
    assert [(d["usage_date"], d["control_usd"], d["row_count"]) for d in closed["days"]] == [
        ("2026-10-01", "0", 3),
        ("2026-10-02", "0", 1),
    ]
    assert [closed[name] for name in ("stream", "family", "scope", "payer")] == [
        "account_usage",
        "account_usage",
        "account_usage",
        "",
    ]
    assert (done.rows, done.days, done.credits_billed) == (5, 2, 4)


@pytest.mark.parametrize(
    ("written", "landed"),
    [
        ("2026-10-01 01:00:00.000 -0700", "2026-10-01T08:00:00.000Z"),
        ("2026-10-01 08:00:00.000 Z", "2026-10-01T08:00:00.000Z"),
        ("2026-10-01T08:00:00+00:00", "2026-10-01T08:00:00.000Z"),
        ("2026-09-30 22:30:00.120000000 -0930", "2026-10-01T08:00:00.120Z"),
        ("2026-10-02 00:30:00.000001 +05:30", "2026-10-01T19:00:00.000001Z"),
    ],
)
def test_a_time_lands_in_utc_and_so_does_its_day(desk: Desk, written: str, landed: str) -> None:
    desk.land(desk.daily(), desk.hourly(hour_line(written, end=written)))
    assert desk.rows()[1]["START_TIME"] == landed
    assert desk.rows()[1]["usage_date"] == "2026-10-01"


@pytest.mark.parametrize(
    ("written", "landed"),
    [("1E-10", "0.0000000001"), ("0.000000000", "0.000000000"), (".5", "0.5"), ("1e2", "100")],
)
def test_credits_land_in_full(desk: Desk, written: str, landed: str) -> None:
    desk.land(desk.daily(day_line(billed=written)))
    assert desk.rows()[0]["CREDITS_BILLED"] == landed


def test_null_is_left_out(desk: Desk) -> None:
    desk.land(
        desk.daily(day_line(adjustment="")),
        desk.hourly(hour_line(queries=r"\N")),
        desk.queries(query_line(warehouse="", tag="")),
    )
    daily, hourly, query = desk.rows()
    assert "CREDITS_ADJUSTMENT_CLOUD_SERVICES" not in daily
    assert "CREDITS_ATTRIBUTED_COMPUTE_QUERIES" not in hourly
    assert not {"WAREHOUSE_NAME", "QUERY_TAG"} & query.keys()


def test_columns_may_be_in_lower_case_in_any_order_and_the_file_gzipped(desk: Desk) -> None:
    lines = "credits_billed,usage_date,credits_used_compute,service_type,x,credits_used_cloud_services,credits_adjustment_cloud_services\n2,2026-10-01,2,PIPE,y,0,0\n"
    path = desk.folder / "daily.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + lines.encode()))
    assert desk.land(path).credits_billed == 2


def test_the_same_content_again_is_nothing_new(desk: Desk) -> None:
    files = [desk.daily(), desk.hourly()]
    first = desk.land(*files)
    again = desk.land(*reversed(files), now=NOW + timedelta(days=1))
    assert (again.unchanged, again.delivery_id) == (True, first.delivery_id)
    assert (again.rows, again.days, again.credits_billed) == (2, 1, Decimal("1.5"))
    assert len(desk.closed()) == 1


def test_earlier_content_lands_again_after_other_content_has_replaced_it(desk: Desk) -> None:
    first, second = desk.daily(), desk.daily(day_line(billed="9"), name="restated.csv")
    for file in (first, second, first):
        assert not desk.land(file).unchanged
    ids = sorted(closed["delivery_id"] for closed in desk.closed())
    assert [one[:35] for one in ids] == [f"account_usage.20261003T06000000000{n}" for n in range(3)]


def test_a_run_that_dies_leaves_no_delivery(desk: Desk) -> None:
    for before in range(2):
        with pytest.raises(Crash):
            desk.land(desk.daily(), store=DisturbedStore(desk.landing, Disturbance(before)))
    assert desk.closed() == []
    assert not desk.land(desk.daily()).unchanged


@pytest.mark.parametrize(
    ("line", "because"),
    [
        (hour_line("2026-10-01 08:00:00.000"), r"START_TIME is '2026-10-01 08:00:00.000', .*timezone = 'UTC'"),
        (hour_line("2026-13-01 08:00:00 Z"), "START_TIME is .* no time"),
        (hour_line("0001-01-01 00:00:00.000 +0100"), "START_TIME is .* no time"),
        (hour_line("2026-10-01 08:00:00.1234567 Z"), "START_TIME is .* no time"),
        (hour_line(""), "START_TIME is empty or NULL"),
        (hour_line(end="tomorrow"), "END_TIME is 'tomorrow'"),
        (hour_line(name=""), "WAREHOUSE_NAME is empty or NULL"),
        (hour_line(compute=""), "CREDITS_USED_COMPUTE is empty or NULL"),
        (hour_line(compute="1000000000"), "'1000000000', which is no number"),
        (hour_line(compute="-0.1"), "CREDITS_USED_COMPUTE is '-0.1', which is below zero"),
        (hour_line(cloud="0,1"), "CREDITS_USED_CLOUD_SERVICES is '0,1', which is no number"),
        (hour_line(queries="0.00000000001"), "QUERIES is .* more than 10 decimals"),
        (hour_line(compute="NaN"), "'NaN', which is no number"),
        (hour_line(compute="1e99"), "'1e99', which is no number"),
        (hour_line()[:-1], "no CSV with one field for each of 8"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_is_named_and_nothing_lands(
    desk: Desk, line: tuple[str, ...], because: str
) -> None:
    with pytest.raises(FileRefused, match=rf"hourly\.csv, line 3: .*{because}"):
        desk.land(desk.daily(), desk.hourly(hour_line("2026-10-01 07:00:00.000 Z"), line))
    assert list(desk.landing.keys("")) == []


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"ms": "1.5"}, "EXECUTION_TIME is '1.5', which is no whole number"),
        ({"ms": "99999999999"}, "EXECUTION_TIME is '99999999999'"),
        ({"ms": ""}, "EXECUTION_TIME is empty"),
        ({"ms": "-1"}, "EXECUTION_TIME is '-1'"),
        ({"id": ""}, "QUERY_ID is empty"),
        ({"end": ""}, "END_TIME is empty"),
    ],
)
def test_a_query_that_cannot_be_taken_is_named(
    desk: Desk, more: dict[str, str], because: str
) -> None:
    with pytest.raises(FileRefused, match=rf"queries\.csv, line 2: {because}"):
        desk.land(desk.daily(), desk.queries(query_line(**more)))


@pytest.mark.parametrize("day", ["", "01.10.2026", "2026-02-30"])
def test_a_day_that_is_none_is_named(desk: Desk, day: str) -> None:
    with pytest.raises(FileRefused, match=r"daily\.csv, line 2: USAGE_DATE"):
        desk.land(desk.daily(day_line(day)))


@pytest.mark.parametrize("column", ["compute", "cloud", "used"])
def test_credits_of_a_day_are_never_used_below_zero(desk: Desk, column: str) -> None:
    with pytest.raises(FileRefused, match=r"daily\.csv, line 2: .*'-1', which is below zero"):
        desk.land(desk.daily(day_line(**{column: "-1"})))


def test_an_export_that_is_written_anew_while_it_is_read_does_not_land(desk: Desk) -> None:
    file = desk.daily()
    anew = Disturbance(0, lambda: desk.daily(day_line(billed="2")))
    with pytest.raises(FileRefused, match="the content changed while it was read"):
        desk.land(file, store=DisturbedStore(desk.landing, anew))
    assert desk.closed() == []


def test_exports_that_overlap_are_refused(desk: Desk) -> None:
    """Whatever both hold would count twice."""
    queries = [desk.queries(), desk.queries(query_line("01b1"), query_line(), name="more.csv")]
    with pytest.raises(FileRefused, match=r"more\.csv, line 3: .*QUERY_HISTORY.*before \(01b0\)"):
        desk.land(desk.daily(), *queries)
    with pytest.raises(FileRefused, match=r"METERING_DAILY_HISTORY.*before"):
        desk.land(desk.daily(day_line(), day_line(billed="2")))
    same_name = [hour_line(), hour_line(id="8")]
    desk.land(desk.daily(), desk.hourly(*same_name))
    with pytest.raises(FileRefused, match="holds the same bytes"):
        desk.land(desk.daily(), desk.daily(name="copy.csv"))


def test_without_a_billed_day_nothing_is_landed(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="no row of METERING_DAILY_HISTORY"):
        desk.land(desk.hourly(), desk.queries())
    with pytest.raises(FileRefused, match="no row of METERING_DAILY_HISTORY"):
        desk.land(export(desk.folder / "daily.csv", DAILY))


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"MONTH,SERVICE,SPEND\n", "no view that the book reads.*METERING_DAILY_HISTORY"),
        (b"USAGE_DATE,SERVICE_TYPE\n", "no column 'CREDITS_USED_COMPUTE'"),
        (b"QUERY_ID,EXECUTION_TIME\n", "no column 'WAREHOUSE_NAME'"),
        (gzip.compress(b"", mtime=0), "no view that the book reads"),
        (b"", "the file is empty"),
        (b"PAR1....", "Parquet"),
    ],
)
def test_a_file_that_is_no_such_export_is_refused(desk: Desk, content: bytes, because: str) -> None:
    path = desk.folder / "x.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=f"x.csv.*{because}"):
        desk.land(path)


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(FileRefused, match=r"gone\.csv: no such file"):
        desk.land(desk.folder / "gone.csv")
