"""A fetch lands what Cost Explorer says, whole or not at all; the latest one decides its days."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from close.disturbed import Crash, Disturbance, DisturbedStore
from costs.ce_answers import recorded
from meterbook.book import Book
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook.costs.fetch_aws_costs import Fetched, fetch_aws_costs
from meterbook.errors import CostExplorerUnavailable, InputRefused, MeterbookError
from meterbook.ports import CostExplorer, CostQuery
from meterbook.sqlfiles import project_folder, read_sql
from meterbook_local.clock import FixedClock
from meterbook_local.duckdb import DuckDBWarehouse
from meterbook_local.folder import FolderStore

FIRST = date(2026, 10, 1)
COSTS = {
    "2026-10-01": {
        ("acme", "MOD-1"): "10.1234567891",
        ("acme", ""): "0.0000300172",
        ("", "MOD-2"): "-1.5E-8",
        ("", ""): "0",
        ("a$b", "MOD-1"): "2",
    },
    "2026-10-02": {("acme", "MOD-1"): "-3.000000000001"},
}
CATALOG = """
kind: config
id: cost_source
value: aws_cost
---
kind: tenant
id: acme
name: Acme
---
kind: allocation_rule
id: by-tag
version: 1
position: 1
method: tag
from: 2026-01-01
"""


@dataclass
class Desk:
    """A landing area with a book behind it: the tables alone, or all of it with a catalog."""

    folder: Path
    whole: bool = False
    landing: FolderStore = field(init=False)
    warehouse: DuckDBWarehouse = field(default_factory=DuckDBWarehouse)

    def __post_init__(self) -> None:
        self.landing = FolderStore(self.folder / "landing")
        self.warehouse.apply(read_sql("tables"))
        if self.whole:
            catalog = self.folder / "catalog"
            catalog.mkdir()
            (catalog / "all.yaml").write_text(CATALOG, "utf-8")
            book = self.book("2026-10-01T00:00")
            book.apply()
            apply_catalog(book, read_catalog(catalog))

    def book(self, now: str, store: Any = None) -> Book:
        clock = FixedClock(datetime.fromisoformat(f"{now}+00:00"))
        return Book(self.warehouse, store or self.landing, clock)

    def answers(self, costs: Mapping[str, Any], name: str = "ce", **more: Any) -> CostExplorer:
        return recorded(self.folder / name, FIRST, date(2026, 10, 3), costs, **more)

    def fetch(
        self, costs: CostExplorer, now: str = "2026-10-03T06:00", store: Any = None
    ) -> Fetched:
        return fetch(self.book(now, store), costs, first_day=FIRST)

    def daily(self) -> list[tuple[Any, ...]]:
        rows = self.book("2026-11-01T00:00").show("v_aws_cost_daily")
        names = ("usage_date", "owner_tag", "module_tag", "cost_usd")
        return [tuple(str(row[name]) for name in names) for row in rows]

    def conserved(self) -> list[tuple[str, Decimal, Decimal]]:
        rows: list[Any] = self.book("2026-11-01T00:00").show("v_cost_conservation")
        return [(f"{r['usage_date']}", r["control_usd"], r["residual_usd"]) for r in rows]

    def landed(self) -> list[str]:
        return [*self.landing.keys("aws_cost/"), *self.landing.keys("deliveries/aws_cost/")]


def fetch(book: Book, costs: CostExplorer, **days: date) -> Fetched:
    tags = {"owner_tag_key": "tenant_id", "module_tag_key": "module_id"}
    return fetch_aws_costs(book, costs, payer="111122223333", **tags, **days)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def whole(tmp_path: Path) -> Desk:
    return Desk(tmp_path, whole=True)


@dataclass
class Listener:
    """A Cost Explorer that nobody has paid for: it remembers the questions and knows nothing."""

    asked: list[CostQuery] = field(default_factory=list)

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        self.asked.append(query)
        yield {"ResultsByTime": []}


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-11-21T06:00", date(2026, 10, 1), date(2026, 11, 21)),
        ("2026-11-01T06:00", date(2026, 10, 1), date(2026, 11, 1)),
        ("2026-01-31T06:00", date(2025, 12, 1), date(2026, 1, 31)),
        ("2024-03-01T00:00", date(2024, 2, 1), date(2024, 3, 1)),
    ],
)
def test_it_asks_from_the_first_day_of_the_month_before_up_to_yesterday(
    desk: Desk, now: str, start: date, end: date
) -> None:
    listener = Listener()
    with pytest.raises(InputRefused, match="no total"):
        fetch(desk.book(now), listener)
    by_tags, ungrouped = listener.asked
    assert {(query.start, query.end) for query in listener.asked} == {(start, end)}
    assert by_tags.group_by == (("TAG", "tenant_id"), ("TAG", "module_id"))
    assert ungrouped.group_by == ()


def test_rows_land_as_text_with_the_tags_that_the_groups_name(desk: Desk) -> None:
    done = desk.fetch(desk.answers(COSTS))
    (file,) = desk.landing.keys("aws_cost/")
    rows = [json.loads(line) for line in gzip.decompress(desk.landing.get(file)).splitlines()]
    assert [(r["owner_tag"], r["module_tag"], r["cost"]) for r in rows] == [
        (owner, module, amount)
        for groups in COSTS.values()
        for (owner, module), amount in groups.items()
    ]
    assert {(r["currency"], r["estimated"]) for r in rows} == {("USD", False)}
    assert done.rows == len(rows) == 6


def test_the_book_agrees_with_what_aws_says_without_grouping(whole: Desk) -> None:
    done = whole.fetch(whole.answers(COSTS))
    first = sum(map(Decimal, COSTS["2026-10-01"].values()))
    second = Decimal("-3.000000000001")
    assert whole.conserved() == [("2026-10-01", first, 0), ("2026-10-02", second, 0)]
    assert done.control_usd == first + second
    assert whole.book("2026-10-03T06:00").check() == []
    assert ("2026-10-01", "a$b", "MOD-1", "2.000000000000") in whole.daily()


def test_a_group_that_is_missing_leaves_a_residual(whole: Desk) -> None:
    whole.fetch(whole.answers(COSTS, totals={"2026-10-02": "1.5"}))
    assert whole.conserved()[1][2] == Decimal("4.500000000001")
    assert [one.check for one in whole.book("2026-10-03T06:00").check()] == ["cost_is_conserved"]


def test_a_day_without_cost_is_covered_all_the_same(whole: Desk) -> None:
    whole.fetch(whole.answers({"2026-10-01": {("acme", ""): "5"}}))
    assert whole.conserved() == [("2026-10-01", 5, 0), ("2026-10-02", 0, 0)]


def test_each_page_is_counted_and_priced(desk: Desk) -> None:
    done = desk.fetch(desk.answers(COSTS, groups_a_page=2))
    assert (done.requests, done.price_usd) == (3 + 1 + 1, Decimal("0.05"))


def test_a_later_run_restates_its_days_whole(whole: Desk) -> None:
    whole.fetch(whole.answers(COSTS))
    later = {"2026-10-02": {("acme", "MOD-1"): "7", ("", ""): "1"}}
    whole.fetch(whole.answers(later, "later"), now="2026-10-03T07:00")
    assert whole.daily() == [
        ("2026-10-02", "", "", "1.000000000000"),
        ("2026-10-02", "acme", "MOD-1", "7.000000000000"),
    ]
    assert whole.conserved() == [("2026-10-01", 0, 0), ("2026-10-02", 8, 0)]


def test_a_run_under_a_clock_that_stands_still_comes_later_all_the_same(desk: Desk) -> None:
    runs = [desk.fetch(desk.answers(COSTS)).delivery_id for _ in range(3)]
    assert runs == sorted(set(runs))
    assert len(desk.landed()) == 6


# ------------------------------------------------------------------------ what must change nothing


def test_a_run_that_dies_before_its_closing_record_changes_nothing(whole: Desk) -> None:
    whole.fetch(whole.answers(COSTS))
    before = whole.daily()
    dying = DisturbedStore(whole.landing, Disturbance(before=1))
    changed = {"2026-10-01": {("acme", "MOD-1"): "99"}}
    with pytest.raises(Crash):
        whole.fetch(whole.answers(changed, "later"), now="2026-10-03T07:00", store=dying)
    whole.book("2026-10-03T08:00").update()
    assert whole.daily() == before
    assert whole.book("2026-10-03T08:00").check() == []


@dataclass
class CutShort:
    """A Cost Explorer that goes away after so many pages."""

    costs: CostExplorer
    pages_left: int

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        for page in self.costs.pages(query):
            if not self.pages_left:
                raise CostExplorerUnavailable(detail="503")
            self.pages_left -= 1
            yield page


@pytest.mark.parametrize("pages_left", range(4))
def test_an_answer_that_is_cut_short_lands_nothing(desk: Desk, pages_left: int) -> None:
    with pytest.raises(CostExplorerUnavailable):
        desk.fetch(CutShort(desk.answers(COSTS), pages_left))
    assert desk.landed() == []


def changed(change: Callable[[dict[str, Any]], object], name: str) -> Callable[[Desk], None]:
    """Change one recorded page in place."""

    def do(desk: Desk) -> None:
        path = desk.folder / "ce" / f"{name}-0000.json"
        file = json.loads(path.read_bytes())
        change(file["page"])
        path.write_text(json.dumps(file), "utf-8")

    return do


def first_amount(text: str, unit: str = "USD") -> Callable[[dict[str, Any]], object]:
    def change(page: dict[str, Any]) -> None:
        page["ResultsByTime"][0]["Groups"][0]["Metrics"]["UnblendedCost"] = {
            "Amount": text,
            "Unit": unit,
        }

    return change


@pytest.mark.parametrize(
    ("damage", "because"),
    [
        (changed(first_amount("0.1234567890123"), "tags"), "12 decimals"),
        (changed(first_amount("1E-13"), "tags"), "12 decimals"),
        (changed(first_amount("NaN"), "tags"), "no cost"),
        (changed(first_amount("1,5"), "tags"), "no cost"),
        (changed(first_amount(""), "tags"), "no cost"),
        (changed(first_amount("1.5", "EUR"), "tags"), "not USD"),
        (changed(lambda p: p["ResultsByTime"].pop(), "totals"), "no total of 2026-10-02"),
        (changed(lambda p: p["ResultsByTime"].extend(p["ResultsByTime"]), "totals"), "twice"),
        (
            changed(
                lambda p: p["ResultsByTime"][0]["TimePeriod"].update(Start="2026-09-30"), "tags"
            ),
            "not asked",
        ),
        (
            changed(
                lambda p: p["ResultsByTime"][0]["Groups"][0]["Keys"].reverse(),
                "tags",
            ),
            "grouped by",
        ),
    ],
)
def test_an_answer_that_the_book_could_not_take_lands_nothing(
    desk: Desk, damage: Callable[[Desk], None], because: str
) -> None:
    answers = desk.answers(COSTS)
    damage(desk)
    with pytest.raises(MeterbookError, match=because):
        desk.fetch(answers)
    assert desk.landed() == []


# -------------------------------------------------------------------------------- the real thing


@pytest.mark.real
def test_a_real_account_s_answers_are_taken_to_the_last_digit(whole: Desk) -> None:
    """A published sample, grouped by service; its services stand for tenants here."""
    data = os.environ.get("DATA", project_folder("examples").parents[1] / "shared" / "data")
    file = Path(data) / "aws-ce-daily-sample" / "results_by_time.json"
    if not file.is_file():
        pytest.skip(f"the published data is not in {data}: set DATA to the folder that holds it")
    costs = {
        day["TimePeriod"]["Start"]: {
            (group["Keys"][0], ""): group["Metrics"]["UnblendedCost"]["Amount"]
            for group in day["Groups"]
        }
        for day in json.loads(file.read_bytes())["ResultsByTime"]
    }
    first, last = date.fromisoformat(min(costs)), date.fromisoformat(max(costs))
    now = datetime(2024, 6, 1, tzinfo=UTC)
    days = {"first_day": first, "last_day": last}
    answers = recorded(
        whole.folder / "ce", first, date.fromordinal(last.toordinal() + 1), costs, groups_a_page=50
    )
    done = fetch(whole.book(f"{now:%Y-%m-%dT%H:%M}"), answers, **days)
    assert done.control_usd == sum(
        Decimal(text) for groups in costs.values() for text in groups.values()
    )
    assert len(whole.conserved()) == len(costs) == 86
    assert {residual for _, _, residual in whole.conserved()} == {Decimal(0)}
