"""A defect planted in the landing bucket turns something red, and says what.

Each test takes a month that was landed whole, damages the copy as a failing network, a careless hand
or a dishonest one would, and builds a new book from what is left.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from journey.walk import book_over, desk, let_pass, take_in
from meterbook.book import Book
from meterbook.canonical import canonical_json, gzipped
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.close.close_period import PeriodClosed, close_period
from meterbook.costs.accept_delivery import accept_delivery
from meterbook.delivery import Delivery, close_delivery, closed_delivery, land_rows
from meterbook.errors import BookInconsistent, MeterbookError, PeriodNotReady
from meterbook.invoice.issue_invoices import issue_invoices
from meterbook_local.demo_month import DemoMonth
from meterbook_local.folder import FolderStore
from meterbook_local.outbox import Outbox

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def month(month: DemoMonth) -> DemoMonth:
    """The demo month with the last of its usage files alone: small, but every tenant is in it."""
    return replace(month, usage_files=month.usage_files[-1:])


@pytest.fixture(scope="module")
def landed(month: DemoMonth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("whole")
    book = book_over(landing, month.now)
    take_in(book, month)
    assert book.check() == []
    return landing


@pytest.fixture
def landing(landed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(landed, tmp_path / "landing"))


def rebuilt(landing: Path, month: DemoMonth) -> Book:
    book = book_over(landing, month.now)
    book.update()
    return book


def findings(book: Book) -> set[str]:
    return {finding.check for finding in book.check()}


def the_file(landing: Path, stream: str) -> Path:
    (file,) = (landing / stream).glob("*/*.jsonl.gz")
    return file


def change_rows(file: Path, change: Callable[[Rows], Rows]) -> Rows:
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    changed = change(rows)
    file.write_bytes(gzipped("".join(canonical_json(row) + "\n" for row in changed)))
    return changed


def close(book: Book, month: DemoMonth, folder: Path) -> PeriodClosed:
    announced = FolderStore(folder / "announced")
    let_pass(book, month.period)
    return close_period(book, Outbox(folder / "outbox"), announced, "meterbook", month.period)


@pytest.mark.parametrize("stream", ["cur", "usage"])
def test_a_file_dropped_from_a_delivery_is_found_and_stops_the_close(
    landing: Path, month: DemoMonth, tmp_path: Path, stream: str
) -> None:
    the_file(landing, stream).unlink()
    book = rebuilt(landing, month)
    assert "deliveries_are_whole" in findings(book)
    with pytest.raises(BookInconsistent, match="deliveries_are_whole"):
        close(book, month, tmp_path)
    assert book.show("v_period_closes") == []


def test_a_bill_that_is_not_whole_decides_nothing(landing: Path, month: DemoMonth) -> None:
    change_rows(the_file(landing, "cur"), lambda rows: rows[:-1])
    book = rebuilt(landing, month)
    assert findings(book) == {"deliveries_are_whole"}
    assert book.show("v_aws_cost_daily") == []


def test_a_dropped_pass_of_cost_rows_is_found_and_stops_the_close(
    landing: Path, month: DemoMonth, tmp_path: Path
) -> None:
    """The rows of one service are gone and the count agrees; the control total does not."""
    left = change_rows(
        the_file(landing, "cur"),
        lambda rows: [row for row in rows if row["service"] != "AmazonRDS"],
    )
    (record,) = (landing / "deliveries" / "cur").glob("*.json")
    told = json.loads(record.read_text())
    told["files"][0]["row_count"] = len(left)
    record.write_text(json.dumps(told))
    book = rebuilt(landing, month)
    assert findings(book) == {"cost_is_conserved"}
    with pytest.raises(BookInconsistent, match="residual"):
        close(book, month, tmp_path)


def test_a_settled_bill_that_comes_back_empty_changes_nothing_until_a_person_accepts_it(
    landing: Path, month: DemoMonth, tmp_path: Path
) -> None:
    book = rebuilt(landing, month)
    before = book.show("v_attributed_cost_daily")
    delivery_id = land_empty_bill(book, landing)
    book.update()
    assert book.show("v_attributed_cost_daily") == before
    assert findings(book) == {"no_day_is_suspicious"}
    with pytest.raises(PeriodNotReady, match="delivery_suspicious"):
        close(book, month, tmp_path)
    changed = accept_delivery(book, delivery_id, actor="ada", reason="all of it was credited")
    assert (len(changed), {day.counts_usd for day in changed}) == (31, {0})
    assert findings(book) == set()
    bill = book.show("v_cost_conservation", {"source": "aws"})
    assert not any(row["control_usd"] for row in bill)


def land_empty_bill(book: Book, landing: Path) -> str:
    """The same bill told again, later, and every row of it costs nothing."""
    (file,) = (landing / "deliveries" / "cur").glob("*.json")
    told = closed_delivery(book.landing, "cur", file.stem)
    assert told is not None
    rows = [
        json.loads(line)
        for line in gzip.decompress(the_file(landing, "cur").read_bytes()).splitlines()
    ]
    files = land_rows(book.landing, "cur", "empty", [{**row, "cost": "0"} for row in rows])
    days = [replace(day, control_usd=Decimal(0), amortized_usd=None) for day in told.days]
    empty = replace(told, delivery_id="empty", files=files, days=days, ordered_at=book.clock.now())
    assert close_delivery(book.landing, replace(empty, replaces=False))
    return "empty"


def test_a_dropped_batch_of_events_is_found(landing: Path, month: DemoMonth) -> None:
    change_rows(the_file(landing, "usage"), lambda packs: packs[1:])
    assert findings(rebuilt(landing, month)) == {"deliveries_are_whole"}


def test_events_dropped_from_a_batch_are_found(landing: Path, month: DemoMonth) -> None:
    def cut(packs: Rows) -> Rows:
        del packs[0]["detail"]["events"][-3:]
        return packs

    change_rows(the_file(landing, "usage"), cut)
    assert findings(rebuilt(landing, month)) == {"packs_are_whole"}


def dearer(rows: Rows) -> Rows:
    """The growth plan's price for an inference, raised behind everybody's back."""
    (plan,) = (row for row in rows if row["id"] == "growth:3")
    (rate,) = (rate for rate in plan["document"]["rates"] if rate["metric"] == "ml_inference")
    rate["unit_price"], rate["included"] = "42.00", "0"
    return [plan]


def test_a_rate_changed_after_the_close_leaves_what_was_frozen(
    landing: Path, month: DemoMonth, tmp_path: Path
) -> None:
    book = rebuilt(landing, month)
    closed = close(book, month, tmp_path)
    frozen, estimate = book.show("v_invoice_lines"), book.show("v_period_lines")
    land_dearer(book)
    book.update()
    assert book.show("v_period_lines") != estimate
    assert book.show("v_invoice_lines") == frozen
    assert findings(book) == {"published_versions_never_change"}
    out = Outbox(tmp_path / "outbox"), FolderStore(tmp_path / "announced"), "meterbook"
    plugged = desk(FolderStore(tmp_path / "evidence"), book.landing, *out)
    issued = issue_invoices(book, plugged, month.period).issued
    assert {one.account_id: one.net for one in issued} == {
        one.account_id: one.total for one in closed.closed
    }


def land_dearer(book: Book) -> None:
    """Land the changed plan as the next revision, past `apply`."""
    store = FolderStore(book.landing.root)  # type: ignore[attr-defined]
    file = next(store.keys("catalog/00000001/"))
    rows = [json.loads(line) for line in gzip.decompress(store.get(file)).splitlines()]
    changed = [{**row, "revision": 2} for row in dearer(rows)]
    files = land_rows(store, "catalog", "00000002", changed)
    record = Delivery("00000002", "catalog", "catalog", "catalog", book.clock.now(), files)
    assert close_delivery(store, record)


def test_a_rate_edited_in_the_catalog_after_the_close_is_refused(
    landing: Path, month: DemoMonth, tmp_path: Path
) -> None:
    book = rebuilt(landing, month)
    close(book, month, tmp_path)
    folder = Path(shutil.copytree(month.catalog, tmp_path / "catalog"))
    plans = folder / "plans.yaml"
    plans.write_text(plans.read_text().replace("unit_price: 4.20", "unit_price: 42.00"))
    before = book.show("v_period_lines")
    with pytest.raises(MeterbookError, match="growth"):
        apply_catalog(book, read_catalog(folder))
    assert book.show("v_period_lines") == before


def test_a_line_edited_in_a_close_is_found(landing: Path, month: DemoMonth, tmp_path: Path) -> None:
    close(rebuilt(landing, month), month, tmp_path)

    def cheaper(rows: Rows) -> Rows:
        rows[1]["amount"] = "0.01"
        return rows

    change_rows(next((landing / "closes").glob("*kestrel*/*.gz")), cheaper)
    assert findings(rebuilt(landing, month)) == {
        "closed_lines_sum_to_their_total",
        "closed_months_are_billed_or_late",
    }
