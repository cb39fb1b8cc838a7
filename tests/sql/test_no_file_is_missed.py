"""Take any one file from any one delivery, and it is known: enumerated, not sampled.

The same small month lies in one book once for each file that it consists of, each time without that
file: a half of a bill, of a restated bill, one pass of Cost Explorer, a part of a provider's export,
of ACCOUNT_USAGE, of usage. Either the file is lost on the way, then its delivery counts for nothing
and the check names the file; or it was never told, then the day's total is missed and the day is red.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from meterbook.book import Book
from meterbook.delivery import ControlTotal, Delivery, close_delivery, land_rows
from meterbook_local.folder import FolderStore
from oracle.compared import assert_same
from oracle.landed import book_in, land_catalog, packs_of, read_back
from oracle.month_credits import hour_row, query_row, warehouse_service
from oracle.month_parts import ALWAYS, FOREVER, document, event, rule, spans
from oracle.records import Json

NOW = datetime(2026, 11, 7, 8, tzinfo=UTC)
# Each delivery with the files that it consists of.
FILES = {
    "bill": ("first half", "second half"),
    "restated": ("first half", "second half"),
    "passes": ("EC2", "S3", "RDS"),
    "provider": ("page 1", "page 2"),
    "export": ("hours", "services", "queries"),
    "usage": ("batch 1", "batch 2"),
}
STREAMS = {
    "bill": "cur",
    "restated": "cur",
    "passes": "aws_cost",
    "provider": "external_cost",
    "export": "account_usage",
    "usage": "usage",
}
ANY_FILE = [(delivery, number) for delivery, files in FILES.items() for number in range(len(files))]
# A day is no day of Snowflake's until its services are told; who ran a query decides whose the credits
# are, not how many; and what usage is missing is known by the numbers that its producers give.
WITHOUT_A_TOTAL = (("export", 1), ("export", 2), ("usage", 0), ("usage", 1))
WITH_A_TOTAL = [file for file in ANY_FILE if file not in WITHOUT_A_TOTAL]


@dataclass(frozen=True)
class Without:
    """The month that lacks a file, lost on the way or never told."""

    number: int
    delivery: str
    file: int
    is_lost: bool

    @property
    def first(self) -> date:
        return date(2010 + self.number // 12, 1 + self.number % 12, 1)

    @property
    def days(self) -> tuple[str, str]:
        return f"{self.first}", f"{self.first + timedelta(days=1)}"

    def chunks(self, delivery: str) -> list[list[Json]]:
        """The rows of a delivery, file by file."""
        day, next_day = self.days
        match delivery:
            case "bill":
                return [
                    [cost(day, "10"), cost(next_day, "7")],
                    [cost(day, "5"), cost(next_day, "2.5")],
                ]
            case "restated":
                return [[cost(day, "11")], [cost(day, "0.000000000001")]]
            case "passes":
                return [
                    [cost(one, "3", service) for one in self.days] for service in FILES["passes"]
                ]
            case "provider":
                return [[cost(day, "1E-12")], [cost(day, "-2"), cost(next_day, "4")]]
            case "export":
                return self.exported()
        told = [
            event(f"{self.number}-{at}", "acme", "work", f"{day}T12:00:00Z", "1") for at in (0, 1)
        ]
        return [packs_of(f"pack-{self.number}-{at}", [one]) for at, one in enumerate(told)]

    def exported(self) -> list[list[Json]]:
        day, _ = self.days
        hour = hour_row("WH", f"{day}T08:00:00+00:00", "2", "0.5", "1")
        ran = query_row(f"q{self.number}", "WH", f"{day}T08:30:00+00:00", "60000", "acme", "R", "U")
        return [[hour], warehouse_service([hour], {day: Decimal("-0.25")}), [ran]]


def cost(day: str, amount: str, service: str = "EC2") -> Json:
    return {
        "usage_date": day,
        "cost": amount,
        "currency": "USD",
        "service": service,
        "owner_tag": "acme",
    }


CASES = [
    Without(number, *file, is_lost)
    for number, (file, is_lost) in enumerate(
        [*((file, True) for file in ANY_FILE), *((file, False) for file in WITH_A_TOTAL)]
    )
]


def land(landing: FolderStore, case: Without) -> Iterator[str]:
    """Land the month without the file; where it is lost, its name is known from the closing record."""
    for order, delivery in enumerate(FILES):
        stream, delivery_id = STREAMS[delivery], f"{delivery}-{case.number}"
        chunks = case.chunks(delivery)
        is_here = delivery == case.delivery
        told = [chunk for at, chunk in enumerate(chunks)
                if case.is_lost or not (is_here and at == case.file)]  # fmt: skip
        landed = [file for chunk in told for file in land_rows(landing, stream, delivery_id, chunk)]
        payer = "" if stream in ("account_usage", "usage") else f"{stream}-{case.number}"
        family = "account_usage" if stream == "account_usage" else f"{stream}:{payer}"
        placed = datetime.combine(case.first, datetime.min.time(), UTC) + timedelta(
            days=2, hours=order
        )
        days = totals(chunks) if stream != "usage" else []
        close_delivery(
            landing,
            Delivery(delivery_id, stream, family, family, placed, landed, days, payer=payer),
        )
        if is_here and case.is_lost:
            lost = landed[case.file].file_name
            (landing.root / lost).unlink()
            yield lost


def totals(chunks: Sequence[Sequence[Json]]) -> list[ControlTotal]:
    """What the source says of its days, whatever became of the rows."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for chunk in chunks:
        for row in chunk:
            sums[row["usage_date"]] += Decimal(row.get("cost", "0"))
    return [ControlTotal(date.fromisoformat(day), total, 1) for day, total in sums.items()]


def catalog() -> list[Json]:
    def config(key: str, value: str) -> Json:
        return document("config", key, {"id": key, "values": spans({"value": value})})

    work = {"id": "work", "name": "work", "unit": "", "aggregation": "sum", "counts": "",
            "conversions": [], "visibility": "licensee", "domain": "test"}  # fmt: skip
    plan = {"id": "all", "version": "1", "currency": "USD", "levy": {}, "facility_fees": [],
            "rates": [], "passthrough": ["aws", "external", "snowflake"]}  # fmt: skip
    card = {
        "plan_id": "all",
        "plan_version": "1",
        "starts_on": f"{CASES[0].first}",
        "ends_on": FOREVER,
    }
    acme = {"id": "acme", "name": "acme", "modules": [], "subscriptions": [card]}
    payer = {"id": "a", "name": "a", "seller": "s", "currency": "USD",
             "tenants": spans({"tenant_id": "acme"})}  # fmt: skip
    settings = {"unattributed_threshold": "0.02", "settle_hours": "48", "cost_source": "cur"}
    return [
        document("metric", "work", work),
        document("plan", "all:1", plan),
        document("tenant", "acme", acme),
        document("account", "a", payer),
        rule("own:1", 1, "tag", ALWAYS),
        document("cost_rate", "snowflake_credit",
                 {"id": "snowflake_credit", "values": spans({"value": "3"})}),
        *(config(key, value) for key, value in settings.items()),
        *(config(f"cost_source:aws_cost-{case.number}", "aws_cost") for case in CASES),
    ]  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """The book of all these months, and the files that are lost in it."""

    book: Book
    lost: set[str]

    def found(self, check: str) -> list[dict[str, object]]:
        return [
            row for finding in self.book.check() if finding.check == check for row in finding.rows
        ]

    def deciding(self) -> set[str]:
        rows = self.book.warehouse.query("select delivery_id from metering.deciding_deliveries")
        return {str(row["delivery_id"]) for row in rows}


@pytest.fixture(scope="module")
def missing(tmp_path_factory: pytest.TempPathFactory) -> Missing:
    folder: Path = tmp_path_factory.mktemp("missing")
    book = book_in(folder, NOW)
    land_catalog(book.landing, 1, catalog())
    lost = {file for case in CASES for file in land(FolderStore(folder), case)}
    book.update()
    return Missing(book, lost)


def test_each_lost_file_is_named_and_no_other(missing: Missing) -> None:
    assert len(missing.lost) == len(ANY_FILE)
    assert {row["file_name"] for row in missing.found("deliveries_are_whole")} == missing.lost


def test_a_delivery_that_lacks_a_file_counts_for_nothing_and_the_one_before_stays(
    missing: Missing,
) -> None:
    deciding = missing.deciding()
    for case in CASES:
        if case.is_lost and case.delivery != "usage":
            assert f"{case.delivery}-{case.number}" not in deciding
            assert (case.delivery != "restated") or f"bill-{case.number}" in deciding


def test_of_usage_each_file_stands_for_itself(missing: Missing) -> None:
    counts = {
        str(row["usage_date"]): row["event_count"] for row in missing.book.show("v_usage_daily")
    }
    assert {counts[case.days[0]] for case in CASES if case.delivery == "usage"} == {1}
    assert {counts[case.days[0]] for case in CASES if case.delivery != "usage"} == {2}


def test_a_file_that_was_never_told_turns_its_day_red_and_no_other(missing: Missing) -> None:
    red = {
        (str(row["usage_date"])[:7], row["source"]) for row in missing.found("cost_is_conserved")
    }
    sources = {"export": "snowflake", "provider": "external"}
    assert red == {
        (case.days[0][:7], sources.get(case.delivery, "aws")) for case in CASES if not case.is_lost
    }


def test_the_oracle_reads_the_same_bucket_the_same_way(missing: Missing) -> None:
    assert_same(missing.book, read_back(missing.book.landing).answer())
