"""A fetch lands what Cost Explorer says of each service by tags; the latest one decides its days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from costs.ce_answers import BY_SERVICE, BY_TAGS
from costs.fetch_desk import PAYER, Desk, account, at, fetch, founded_in
from meterbook.costs.fetch_aws_costs import COMPLETED, EMPTY
from meterbook.costs.window import cost_window
from meterbook.errors import BadIdentifier, InputRefused
from meterbook.ports import CostQuery, ObjectStore

COSTS: dict[str, dict[tuple[str, str, str], Any]] = {
    "2026-10-01": {
        ("AmazonEC2", "acme", "MOD-1"): ("10.1234567891", "8.5"),
        ("AmazonEC2", "acme", ""): "0.0000300172",
        ("AmazonEC2", "", "MOD-2"): "-1.5E-8",
        ("AmazonEC2", "", ""): "0",
        ("AmazonEC2", "a$b", "MOD-1"): "2",
        ("AmazonS3", "acme", "MOD-1"): ("0", "1.25"),
        ("AWS Glue", "acme", "MOD-1"): "0",
    },
    "2026-10-02": {
        ("AmazonEC2", "acme", "MOD-1"): ("-3.000000000001", "0"),
        ("Tax", "", ""): "3.3",
    },
}
FIRST = Decimal("10.1234567891") + Decimal("0.0000300172") - Decimal("1.5E-8") + 2
SECOND = Decimal("-3.000000000001") + Decimal("3.3")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return founded_in(tmp_path_factory.getbasetemp())


@pytest.fixture
def desk(founded: Desk, tmp_path: Path) -> Desk:
    return founded.copied_to(tmp_path / "desk")


# ------------------------------------------------------------------------------- what is asked


@dataclass
class Listener:
    """A Cost Explorer that nobody has paid for: it remembers the questions and knows nothing."""

    asked: list[CostQuery] = field(default_factory=list)

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        self.asked.append(query)
        yield {"ResultsByTime": []}


@pytest.mark.parametrize(
    ("months", "now", "start"),
    [
        (None, "2026-11-21T06:00", date(2026, 10, 1)),
        ("1", "2026-11-21T06:00", date(2026, 10, 1)),
        ("1", "2026-11-01T06:00", date(2026, 10, 1)),
        ("1", "2026-01-31T06:00", date(2025, 12, 1)),
        ("1", "2024-03-01T00:00", date(2024, 2, 1)),
        ("0", "2026-11-21T06:00", date(2026, 11, 1)),
        ("0", "2026-11-01T06:00", date(2026, 10, 1)),
        ("12", "2026-11-21T06:00", date(2025, 11, 1)),
    ],
)
def test_it_asks_from_so_many_months_before_as_config_says_up_to_yesterday(
    founded: Desk, tmp_path: Path, months: str | None, now: str, start: date
) -> None:
    desk = Desk(tmp_path) if months is None else founded.copied_to(tmp_path / "desk")
    if months and months != "0":
        desk.apply(cost_window_months=months)
    listener = Listener()
    with pytest.raises(InputRefused, match="no total"):
        fetch(desk.book(now), listener)
    assert {(query.start, query.end) for query in listener.asked} == {(start, at(now).date())}


@pytest.mark.parametrize("months", ["0", "12"])
def test_no_day_s_window_is_empty_or_one_that_aws_would_refuse(desk: Desk, months: str) -> None:
    # It takes no day after today, and beyond 14 months whole months alone; moto takes all.
    desk.apply(cost_window_months=months)
    for month in range(1, 25):
        first = date(2027 + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        for today in (first, first + timedelta(1), first - timedelta(1)):
            window = cost_window(desk.book(f"{today}T06:00"))
            assert window.start.day == 1
            assert window.start < window.end == today


def test_it_asks_for_the_services_then_for_each_that_cost_anything_then_for_all(
    desk: Desk,
) -> None:
    told = desk.answering(account(COSTS).answers())

    @dataclass
    class Noting:
        asked: list[tuple[Any, str | None]] = field(default_factory=list)

        def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
            assert query.metrics == ("UnblendedCost", "AmortizedCost")
            self.asked.append((query.group_by, query.service))
            return told.pages(query)

    noting = Noting()
    desk.fetch(noting)
    assert noting.asked == [
        (BY_SERVICE, None),
        (BY_TAGS, "AmazonEC2"),
        (BY_TAGS, "AmazonS3"),
        (BY_TAGS, "Tax"),
        ((), None),
    ]


def test_a_payer_that_is_no_id_is_refused_before_anything_is_asked(desk: Desk) -> None:
    listener = Listener()
    with pytest.raises(BadIdentifier):
        fetch(desk.book(), listener, payer="11/22")
    assert listener.asked == []


# ------------------------------------------------------------------------------- what is landed


def test_rows_land_as_text_with_service_tags_and_both_metrics(desk: Desk) -> None:
    done = desk.land(account(COSTS))
    rows = [
        (
            r["usage_date"],
            r["service"],
            r["owner_tag"],
            r["module_tag"],
            r["cost"],
            r["amortized_cost"],
        )
        for r in desk.landed_rows(done)
    ]
    pairs = {
        (day, *tagged): (amount, amount) if isinstance(amount, str) else amount
        for day, groups in COSTS.items()
        for tagged, amount in groups.items()
    }
    assert sorted(rows) == sorted(
        (*where, *amounts) for where, amounts in pairs.items() if amounts != ("0", "0")
    )
    assert done.rows == len(rows) == 7
    assert {(r["currency"], r["estimated"]) for r in desk.landed_rows(done)} == {("USD", False)}


def test_each_page_with_a_cost_is_a_file_of_its_own(desk: Desk) -> None:
    done = desk.land(account(COSTS, groups_a_page=2))
    counts = [file["row_count"] for file in desk.record(done)["files"]]
    assert counts == [2, 1, 2, 1, 1]  # 3 pages of EC2, one of which holds a zero; S3; Tax


def test_the_control_totals_are_what_aws_says_without_grouping(desk: Desk) -> None:
    done = desk.land(account(COSTS))
    days = desk.record(done)["days"]
    assert [(Decimal(d["control_usd"]), Decimal(d["amortized_usd"])) for d in days] == [
        (FIRST, Decimal("8.5") + Decimal("0.0000300172") - Decimal("1.5E-8") + 2 + Decimal("1.25")),
        (SECOND, Decimal("3.3")),
    ]
    assert [day["row_count"] for day in days] == [5, 2]
    assert done.control_usd == FIRST + SECOND


def test_what_aws_only_estimates_is_kept_as_such(desk: Desk) -> None:
    done = desk.land(
        account(COSTS, end=date(2026, 10, 4), estimated_from="2026-10-02"), "2026-10-04T06:00"
    )
    estimated = {(r["usage_date"], r["estimated"]) for r in desk.landed_rows(done)}
    assert estimated == {("2026-10-01", False), ("2026-10-02", True)}
    # The third day has no row that could say so.
    assert desk.record(done)["origin"]["estimated_days"] == ["2026-10-02", "2026-10-03"]


# ------------------------------------------------------------------------------- what counts


def test_the_book_agrees_with_what_aws_says_without_grouping(desk: Desk) -> None:
    desk.fetch(account(COSTS))
    assert desk.days() == {"2026-10-01": (FIRST, 0), "2026-10-02": (SECOND, 0)}
    assert desk.red() == []
    assert ("2026-10-01", "AmazonEC2", "a$b", "MOD-1", "2.000000000000") in desk.daily()


def test_config_decides_whether_the_amortized_cost_is_billed(desk: Desk) -> None:
    desk.apply(cost_metric="amortized")
    desk.fetch(account(COSTS))
    assert desk.days()["2026-10-02"] == (Decimal("3.3"), 0)
    assert ("2026-10-01", "AmazonS3", "acme", "MOD-1", "1.250000000000") in desk.daily()
    assert desk.red() == []


def test_a_day_without_cost_is_covered_all_the_same(desk: Desk) -> None:
    desk.fetch(account({"2026-10-01": {("AmazonS3", "acme", ""): "5"}}))
    assert desk.days() == {"2026-10-01": (5, 0), "2026-10-02": (0, 0)}


def test_a_later_run_restates_its_days_whole(desk: Desk) -> None:
    desk.fetch(account(COSTS))
    later = {"2026-10-02": {("AmazonS3", "acme", "MOD-1"): "7", ("Tax", "", ""): "1"}}
    desk.fetch(account(later), "2026-10-03T07:00")
    assert desk.daily() == [
        ("2026-10-02", "AmazonS3", "acme", "MOD-1", "7.000000000000"),
        ("2026-10-02", "Tax", "", "", "1.000000000000"),
    ]
    assert desk.days() == {"2026-10-01": (0, 0), "2026-10-02": (8, 0)}


def test_a_run_under_a_clock_that_stands_still_comes_later_all_the_same(desk: Desk) -> None:
    runs = [desk.land(account(COSTS)).delivery_id for _ in range(3)]
    assert runs == sorted(set(runs))
    assert len(desk.counting()) == 3


# ------------------------------------------------------------------------------- what is told


def test_each_page_is_counted_and_priced(desk: Desk) -> None:
    done = desk.land(account(COSTS, groups_a_page=2))
    # Services: 5 groups. EC2: 6. S3 and Tax: one, and a day without any. The totals.
    assert (done.requests, done.price_usd) == (3 + 3 + 1 + 1 + 1, Decimal("0.09"))
    assert desk.record(done)["origin"]["requests"] == done.requests


def test_a_fetch_says_what_the_log_calls_it(desk: Desk) -> None:
    assert desk.land(account(COSTS)).event_type == COMPLETED == "cost_explorer_fetch_completed"
    assert desk.land(account({})).event_type == EMPTY == "cost_explorer_empty"


def test_costs_that_cancel_each_other_out_are_no_empty_answer(desk: Desk) -> None:
    even = {("AmazonEC2", "acme", ""): "5", ("Tax", "", ""): "-5"}
    assert desk.land(account({"2026-10-01": even})).event_type == COMPLETED


@dataclass
class Watch:
    """A clock that somebody moves on."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment.astimezone(UTC)


@dataclass
class SlowStore:
    """A store that takes three seconds for a file and seven for a closing record."""

    store: ObjectStore
    watch: Watch

    def put_if_absent(self, key: str, body: bytes) -> bool:
        self.watch.moment += timedelta(seconds=7 if key.startswith("deliveries/") else 3)
        return self.store.put_if_absent(key, body)

    def get(self, key: str) -> bytes:
        return self.store.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.store.keys(prefix)


def test_the_time_from_the_last_page_until_the_book_shows_it_is_measured(desk: Desk) -> None:
    watch = Watch(at("2026-10-03T06:00"))
    book = desk.ticking(watch, SlowStore(desk.landing, watch))
    done = fetch(book, desk.answering(account(COSTS).answers()))
    assert done.write_back_s == 7
    assert watch.now() > at("2026-10-03T06:00") + timedelta(seconds=7)
    assert done.delivery_id.startswith(f"{PAYER}.cost_explorer.20261003T0600")
