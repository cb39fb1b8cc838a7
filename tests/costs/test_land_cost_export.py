"""A Data Export lands whole, once, in the order in which AWS wrote its manifests."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from aws.moto_cloud import store as s3_store
from costs.cost_imports import BILL, Desk, line
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.costs.accept_delivery import accept_delivery
from meterbook.costs.coverage import landed_of, landed_usd
from meterbook.costs.land_cost_export import AMORTIZED, COLUMNS, land_cost_export
from meterbook.delivery import Delivery
from meterbook.errors import FileRefused, MeterbookError, Refused
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore
from moto import mock_aws

PAYER = "111122223333"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
Line = tuple[str, str, str]


@dataclass(frozen=True)
class State:
    """What AWS wrote at one time for one month: files of (day, cost, tenant tag)."""

    execution: str
    at: str
    files: tuple[tuple[Line, ...], ...]
    period: str = "2026-10"
    columns: tuple[str, ...] = (*COLUMNS.values(), "identity_line_item_id")

    @property
    def folder(self) -> str:
        return f"cur2/meterbook/data/BILLING_PERIOD={self.period}/{self.execution}"

    @property
    def manifest_key(self) -> str:
        metadata = f"cur2/meterbook/metadata/BILLING_PERIOD={self.period}"
        return f"{metadata}/{self.execution}/meterbook-Manifest.json"

    @property
    def data_keys(self) -> list[str]:
        return [f"{self.folder}/meterbook-{n:05d}.csv.gz" for n in range(1, len(self.files) + 1)]

    @property
    def manifest(self) -> dict[str, Any]:
        return {
            "executionId": self.execution,
            "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{PAYER}:export/meterbook-1",
            "columns": [{"name": name, "type": "string"} for name in self.columns],
            "dataFiles": [f"s3://exports/{key}" for key in self.data_keys],
        }

    def objects(self) -> Iterable[tuple[str, bytes]]:
        """In the order in which AWS puts them: the manifest last."""
        for key, lines in zip(self.data_keys, self.files, strict=True):
            yield key, gzip.compress(self.csv(lines).encode())
        yield self.manifest_key, json.dumps(self.manifest).encode()

    def csv(self, lines: tuple[Line, ...]) -> str:
        text = io.StringIO()
        file = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n")
        file.writeheader()
        for day, cost, owner in lines:
            file.writerow(
                {
                    "bill_payer_account_id": PAYER,
                    "line_item_usage_start_date": f"{day}T00:00:00.000Z",
                    "line_item_unblended_cost": cost,
                    "line_item_currency_code": "USD",
                    "line_item_product_code": "AmazonEC2",
                    "line_item_usage_account_id": "444455556666",
                    "owner_tag": owner,
                    "line_item_line_item_type": "Usage",
                }
            )
        return text.getvalue()


FIRST = State(
    "e1",
    "2026-10-20T03:00:00",
    (
        (("2026-10-01", "1.5", "acme"), ("2026-10-01", "1.05E-8", ""), ("2026-10-02", "2", "")),
        (("2026-10-03", "-0.0000000001", "acme"), ("2026-09-30", "4", "acme")),
    ),
)
SECOND = State("e2", "2026-11-03T03:00:00", ((("2026-10-01", "7", "acme"),),))
THIRD = State("e3", "2026-11-04T03:00:00", ((("2026-10-01", "7", ""), ("2026-10-05", "1", "")),))
SEPTEMBER = State(
    "e0", "2026-10-04T03:00:00", ((("2026-09-30", "100", "acme"),),), period="2026-09"
)


@dataclass
class Exports:
    """The bucket that AWS writes to, and ours."""

    root: Path

    @property
    def exported(self) -> FolderStore:
        return FolderStore(self.root / "exports")

    @property
    def landing(self) -> FolderStore:
        return FolderStore(self.root / "landing")

    def write(self, state: State) -> None:
        for key, body in state.objects():
            self.exported.put_if_absent(key, body)
            moment = datetime.fromisoformat(f"{state.at}+00:00").timestamp()
            os.utime(self.exported.root / key, (moment, moment))

    def land(self, state: State) -> Delivery:
        self.write(state)
        return land_cost_export(self.landing, self.exported, state.manifest_key)

    def closed(self) -> list[str]:
        return list(self.landing.keys("deliveries/"))

    def rows(self) -> list[dict[str, Any]]:
        files = (self.landing.get(key) for key in self.landing.keys("cur/"))
        return [json.loads(text) for body in files for text in gzip.decompress(body).splitlines()]


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path)


def a_book(landing: FolderStore) -> Book:
    book = Book(DuckDBWarehouse(), landing, FixedClock(NOW))
    book.apply()
    apply_catalog(book, [])
    return book


def days(book: Book) -> dict[str, Decimal]:
    rows: list[Any] = book.show("v_cost_conservation")
    assert {row["residual_usd"] for row in rows} <= {Decimal(0)}
    assert book.check() == []
    return {f"{row['usage_date']}": row["typed_usd"] for row in rows if row["typed_usd"]}


def test_the_listed_files_land_as_one_delivery_with_the_days_totals(exports: Exports) -> None:
    delivery = exports.land(FIRST)
    assert delivery.delivery_id == "meterbook.2026-10.e1"
    assert (delivery.family, delivery.payer) == (f"{PAYER}:meterbook", PAYER)
    assert delivery.ordered_at == datetime(2026, 10, 20, 3, tzinfo=UTC)
    assert sum(file.row_count for file in delivery.files) == 5
    assert {f"{day.usage_date}": day.control_usd for day in delivery.days} == {
        "2026-09-30": Decimal(4),
        "2026-10-01": Decimal("1.5000000105"),
        "2026-10-02": Decimal(2),
        "2026-10-03": Decimal("-0.0000000001"),
    }


def test_rows_have_the_shape_of_every_other_bill(exports: Exports) -> None:
    exports.land(FIRST)
    assert exports.rows()[0] == {
        "file": "meterbook-00001.csv.gz",
        "line": 2,
        "usage_date": "2026-10-01",
        "cost": "1.5",
        "currency": "USD",
        "service": "AmazonEC2",
        "account": "444455556666",
        "owner_tag": "acme",
        "line_type": "Usage",
    }


def test_a_manifest_that_is_told_of_twice_lands_once(exports: Exports) -> None:
    once, again = exports.land(FIRST), exports.land(FIRST)
    assert again.record() == once.record()
    assert len(exports.closed()) == 1
    assert len(exports.rows()) == 5


def test_it_lands_from_a_bucket_as_from_a_folder(exports: Exports) -> None:
    in_folders = exports.land(FIRST)
    with mock_aws():
        exported, landing = s3_store("exports"), s3_store("landing", prefix="facts/")
        for key, body in FIRST.objects():
            exported.put_if_absent(key, body)
        in_buckets = land_cost_export(landing, exported, FIRST.manifest_key)
        same = replace(in_buckets, ordered_at=in_folders.ordered_at)
        assert same.record() == in_folders.record()
        assert [landing.get(key) for key in landing.keys("cur/")] == [
            exports.landing.get(key) for key in exports.landing.keys("cur/")
        ]


# --------------------------------------------------------------------------------- in the book


STATES = (SEPTEMBER, FIRST, SECOND, THIRD)
# Days that are gone from a month cost nothing; another month's share of a day stays.
NOW_KNOWN = {"2026-09-30": 100, "2026-10-01": 7, "2026-10-05": 1}


@pytest.mark.parametrize("order", [STATES, tuple(reversed(STATES))])
def test_the_latest_state_of_a_month_decides_it_whole(
    exports: Exports, order: tuple[State, ...]
) -> None:
    for state in order:
        exports.land(state)
    book = a_book(exports.landing)
    accept_what_is_suspicious(book)
    assert days(book) == NOW_KNOWN
    assert {day: usd for day, usd in said(exports.landing).items() if usd} == NOW_KNOWN


def accept_what_is_suspicious(book: Book) -> None:
    """A settled day that is gone from its month waits for a person, who accepts it here."""
    book.update()
    waiting = sorted(str(row["delivery_id"]) for row in book.query("suspicious_days"))
    for delivery_id in waiting[-1:]:
        accept_delivery(book, delivery_id, actor="finance")


def test_a_settled_day_that_is_gone_from_its_month_keeps_its_cost_until_it_is_accepted(
    exports: Exports,
) -> None:
    for state in STATES:
        exports.land(state)
    book = a_book(exports.landing)
    book.update()
    typed: list[Any] = book.show("v_cost_conservation", {"usage_date": "2026-10-02"})
    assert [row["typed_usd"] for row in typed] == [2]
    assert [one.check for one in book.check()] == ["no_day_is_suspicious"]


def test_the_order_in_which_manifests_are_told_of_decides_nothing(tmp_path: Path) -> None:
    for number, order in enumerate(permutations(STATES[1:])):
        exports = Exports(tmp_path / str(number))
        for state in (*order, SEPTEMBER):
            exports.land(state)
        assert {day: usd for day, usd in said(exports.landing).items() if usd} == NOW_KNOWN


def said(landing: FolderStore) -> dict[str, Decimal]:
    """What each day cost, as the closing records have it."""
    landed = landed_of(landing, f"{PAYER}:meterbook")
    every = sorted({day for one in landed for day in one.days})
    return {f"{day}": landed_usd(landed, [day]) for day in every}


def test_a_record_that_overtakes_its_rows_counts_when_they_are_all_there(exports: Exports) -> None:
    exports.land(FIRST)
    arrived = FolderStore(exports.root / "arrived")
    book = a_book(arrived)
    whole = exports.landing
    (rows,) = whole.keys("cur/")
    for key in whole.keys("deliveries/"):
        arrived.put_if_absent(key, whole.get(key))
    book.update()
    assert book.show("v_aws_cost_daily") == []
    assert [one.check for one in book.check()] == ["deliveries_are_whole"]
    arrived.put_if_absent(rows, whole.get(rows))
    book.update()
    assert days(book) == said(whole)


def test_a_file_that_is_loaded_twice_counts_once(exports: Exports) -> None:
    exports.land(FIRST)
    book = a_book(exports.landing)
    book.update()
    before = book.show("v_aws_cost_daily"), days(book)
    # As a pipe does that has forgotten the file's name: there is no other way to do it here.
    engine: Any = book.warehouse
    engine._db.execute(
        "insert into metering.landed_cur select record, file_name, file_row, "
        "loaded_at + interval 20 day from metering.landed_cur"
    )
    book.update()
    assert (book.show("v_aws_cost_daily"), days(book)) == before


# --------------------------------------------------------------------------------- amortized cost

LIGHT, LATER = (
    State(execution, at, ((("2026-10-01", cost, "acme"),),))
    for execution, at, cost in (
        ("e1", "2026-10-01T03:00:00", "2"),
        ("e2", "2026-10-01T09:00:00", "3"),
    )
)


def with_amortized(state: State) -> State:
    return replace(state, columns=tuple(dict.fromkeys([*state.columns, *AMORTIZED.values()])))


def test_an_export_with_the_columns_of_reservations_tells_the_amortized_cost(
    exports: Exports,
) -> None:
    (day,) = exports.land(with_amortized(LIGHT)).days
    assert (day.control_usd, day.amortized_usd) == (Decimal(2), Decimal(2))
    assert [row["amortized_cost"] for row in exports.rows()] == ["2"]


def test_those_columns_may_come_and_go_between_the_states_of_a_month(exports: Exports) -> None:
    (without,) = exports.land(LIGHT).days
    (told,) = exports.land(with_amortized(LATER)).days
    assert (without.amortized_usd, told.amortized_usd) == (None, Decimal(3))
    assert days(a_book_after(exports)) == {"2026-10-01": 3}


def test_a_day_that_is_gone_has_cost_nothing_amortized_either(exports: Exports) -> None:
    exports.land(with_amortized(LIGHT))
    moved = replace(LATER, files=((("2026-10-02", "3", "acme"),),))
    gone, now = sorted(exports.land(with_amortized(moved)).days, key=lambda day: day.usage_date)
    assert (gone.amortized_usd, now.amortized_usd) == (Decimal(0), Decimal(3))


def a_book_after(exports: Exports) -> Book:
    book = a_book(exports.landing)
    book.update()
    return book


def test_a_line_without_the_column_that_its_type_needs_refuses_all(exports: Exports) -> None:
    state = with_amortized(LIGHT)
    exports.write(state)
    key = exports.exported.root / state.data_keys[0]
    text = gzip.decompress(key.read_bytes()).decode().replace(",Usage,", ",DiscountedUsage,")
    key.write_bytes(gzip.compress(text.encode()))
    os.utime(key, (0, 0))
    with pytest.raises(FileRefused, match="in column reservation_effective_cost is empty or NULL"):
        land_cost_export(exports.landing, exports.exported, state.manifest_key)
    assert list(exports.landing.keys()) == []


# ------------------------------------------------------------------------ what must change nothing


def without(name: str) -> State:
    return replace(FIRST, columns=tuple(column for column in FIRST.columns if column != name))


@pytest.mark.parametrize("name", ["owner_tag", "module_tag", "line_item_unblended_cost"])
def test_an_export_without_a_column_that_money_hangs_on_is_refused(
    exports: Exports, name: str
) -> None:
    with pytest.raises(FileRefused, match=name):
        exports.land(without(name))
    assert exports.closed() == []


def test_an_export_without_resources_is_taken(exports: Exports) -> None:
    assert exports.land(without("line_item_resource_id")).files


def test_a_file_that_is_named_and_not_there_refuses_all(exports: Exports) -> None:
    exports.write(FIRST)
    (exports.exported.root / FIRST.data_keys[1]).unlink()
    with pytest.raises(FileRefused, match=r"meterbook-00002\.csv\.gz, which is not there"):
        land_cost_export(exports.landing, exports.exported, FIRST.manifest_key)
    assert list(exports.landing.keys()) == []


def test_a_file_that_is_newer_than_the_manifest_belongs_to_the_next_one(exports: Exports) -> None:
    exports.write(FIRST)
    os.utime(exports.exported.root / FIRST.data_keys[0])
    with pytest.raises(Refused, match="anew"):
        land_cost_export(exports.landing, exports.exported, FIRST.manifest_key)
    assert list(exports.landing.keys()) == []


def test_a_line_that_cannot_be_taken_refuses_all(exports: Exports) -> None:
    bad = replace(FIRST, files=(*FIRST.files, (("2026-10-04", "0.1234567890123", ""),)))
    with pytest.raises(FileRefused, match="12 decimals"):
        exports.land(bad)
    assert list(exports.landing.keys()) == []


def test_a_parquet_export_is_refused_by_name(exports: Exports) -> None:
    exports.write(FIRST)
    (exports.exported.root / FIRST.data_keys[0]).write_bytes(b"PAR1....")
    os.utime(exports.exported.root / FIRST.data_keys[0], (0, 0))
    with pytest.raises(FileRefused, match="Parquet"):
        land_cost_export(exports.landing, exports.exported, FIRST.manifest_key)


def test_days_that_a_person_has_imported_are_not_told_a_second_time(exports: Exports) -> None:
    desk = Desk(exports.root)
    desk.mapping = desk.read(BILL.replace("daily", "meterbook"))
    desk.land(desk.bill(line("3", "2026-10-02", payer=PAYER)))
    with pytest.raises(Refused, match="2026-10-02 was imported by hand"):
        exports.land(FIRST)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("cur2/meterbook/data/BILLING_PERIOD=2026-10/meterbook-00001.csv.gz", {}),
        ("cur2/meterbook/metadata/BILLING_PERIOD=2026-10/other-Manifest.json", {}),
        ("cur2/meterbook/metadata/BILLING_PERIOD=2026-13/meterbook-Manifest.json", {}),
        (FIRST.manifest_key, {"dataFiles": []}),
        (FIRST.manifest_key, {"dataFiles": FIRST.manifest["dataFiles"] * 2}),
        (FIRST.manifest_key, {"dataFiles": ["https://elsewhere/a.csv.gz"]}),
        (FIRST.manifest_key, {"dataFiles": ["s3://exports/../../etc/passwd"]}),
        (FIRST.manifest_key, {"dataFiles": "s3://exports/a"}),
        (FIRST.manifest_key, {"executionId": "../../x"}),
        (FIRST.manifest_key, {"executionId": ""}),
    ],
)
def test_what_is_no_manifest_of_an_export_is_refused(
    exports: Exports, key: str, told: dict[str, Any]
) -> None:
    exports.exported.put_if_absent(key, json.dumps(FIRST.manifest | told).encode())
    with pytest.raises(MeterbookError):
        land_cost_export(exports.landing, exports.exported, key)
    assert list(exports.landing.keys()) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b"\xff"])
def test_a_manifest_that_cannot_be_read_is_refused(exports: Exports, body: bytes) -> None:
    exports.exported.put_if_absent(FIRST.manifest_key, body)
    with pytest.raises(FileRefused):
        land_cost_export(exports.landing, exports.exported, FIRST.manifest_key)


def test_a_manifest_that_is_not_there_is_refused(exports: Exports) -> None:
    with pytest.raises(FileRefused, match="not there"):
        land_cost_export(exports.landing, exports.exported, FIRST.manifest_key)
