"""Whatever goes wrong in a fetch, yesterday's good figures stay; what is lost turns its day red."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from close.disturbed import Crash, Disturbance, DisturbedStore
from costs.ce_answers import Account, Told, both
from costs.fetch_desk import START, Desk, account, founded_in
from meterbook.canonical import gzipped
from meterbook.costs.fetch_aws_costs import EMPTY
from meterbook.errors import (
    CostExplorerRefused,
    CostExplorerUnavailable,
    InputRefused,
    MeterbookError,
    Refused,
)
from meterbook.ports import CostExplorer, CostQuery

DAYS = ("2026-10-01", "2026-10-02")
YESTERDAY = {DAYS[0]: {("AmazonEC2", "acme", "MOD-1"): "100"}, DAYS[1]: {("Tax", "", ""): "50"}}
LATER = "2026-10-03T07:00"
# No two parts of it cost the same, in neither metric.
COSTS = {
    DAYS[0]: {
        ("AmazonEC2", "acme", "MOD-1"): ("64", "0.00064"),
        ("AmazonEC2", "acme", "MOD-2"): ("32", "0.00032"),
        ("AmazonEC2", "", ""): ("16", "0.00016"),
        ("AmazonS3", "acme", "MOD-1"): ("8", "0.00008"),
        ("AmazonS3", "shared", ""): ("4", "0.00004"),
        ("Tax", "", ""): ("2", "0.00002"),
    },
    DAYS[1]: {
        ("AmazonEC2", "acme", "MOD-1"): ("640", "0.0064"),
        ("AmazonEC2", "", ""): ("-320", "-0.0032"),
        ("AmazonS3", "acme", "MOD-1"): ("160", "0.0016"),
    },
}
ACCOUNT = account(COSTS, groups_a_page=2)
ANSWERS = ACCOUNT.answers()
PAGES = [(number, page) for number, told in enumerate(ANSWERS) for page in range(len(told.pages))]
ALL = {told.query.service for told in ANSWERS if told.query.service}
SERVICES, *PASSES, TOTALS = range(len(ANSWERS))
TWICE = ANSWERS[TOTALS].pages[0]["ResultsByTime"]
PAGES_OF_PASSES = [(number, page) for number, page in PAGES if number in PASSES]


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return founded_in(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def yesterday(founded: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Yesterday's fetch is in the book. One day is billed unblended, the next one amortized."""
    desk = founded.copied_to(tmp_path_factory.mktemp("yesterday") / "desk")
    desk.apply(
        cost_metric=f"[{{value: unblended, from: {START}}}, {{value: amortized, from: {DAYS[1]}}}]"
    )
    desk.fetch(account(YESTERDAY))
    assert desk.red() == []
    return desk


@pytest.fixture
def desk(yesterday: Desk, tmp_path: Path) -> Desk:
    """A desk of its own for what brings a new delivery that counts."""
    return yesterday.copied_to(tmp_path / "desk")


@pytest.fixture(scope="module")
def steady(yesterday: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One desk for all runs that must change nothing."""
    return yesterday.copied_to(tmp_path_factory.mktemp("steady") / "desk")


def must_be_yesterdays(desk: Desk) -> None:
    """Whatever has landed since, the book says what it said before."""
    desk.book(LATER).update()
    assert desk.days() == {DAYS[0]: (100, 0), DAYS[1]: (50, 0)}
    assert [row[1:4] for row in desk.daily()] == [("AmazonEC2", "acme", "MOD-1"), ("Tax", "", "")]


def must_be_good(desk: Desk) -> None:
    assert desk.days() == {DAYS[0]: (126, 0), DAYS[1]: (Decimal("0.0048"), 0)}


# ------------------------------------------------------------ what is lost and nobody has noticed

Lost = Mapping[str, list[Any]]  # amounts by day


def losses(account: Account) -> Iterator[tuple[list[Told], Lost]]:
    """Every way in which one page or one pass of a fetch can be lost, and what is lost by it."""
    for number, page in PAGES_OF_PASSES:
        answers = account.answers()
        yield answers, told_by(answers[number].without(page))
    for number in PASSES:
        answers = account.answers()
        answers[number].pages = [{"ResultsByTime": []}]
        yield answers, cost_of(account, {answers[number].query.service})
    for page in range(len(ANSWERS[SERVICES].pages)):
        answers = account.answers()
        answers[SERVICES].without(page)
        yield answers, cost_of(account, ALL - {keys[0] for keys, _ in groups(answers[SERVICES])})


def groups(told: Told) -> list[tuple[list[str], str]]:
    """The keys of an answer's groups, with their days."""
    results = [result for page in told.pages for result in page["ResultsByTime"]]
    return [(group["Keys"], r["TimePeriod"]["Start"]) for r in results for group in r["Groups"]]


def told_by(page: Mapping[str, Any]) -> Lost:
    """What a page tells of each day."""
    return {
        result["TimePeriod"]["Start"]: [
            tuple(amount["Amount"] for amount in group["Metrics"].values())
            for group in result["Groups"]
        ]
        for result in page["ResultsByTime"]
    }


def cost_of(account: Account, services: set[str | None]) -> Lost:
    return {
        day: [amount for tagged, amount in costs.items() if tagged[0] in services]
        for day, costs in account.costs.items()
    }


@pytest.mark.parametrize("metric", [0, 1], ids=["unblended", "amortized"])
def test_any_page_or_pass_that_is_lost_turns_its_days_red(
    founded: Desk, tmp_path: Path, metric: int
) -> None:
    desk = founded.copied_to(tmp_path / "desk")
    desk.apply(cost_metric=["unblended", "amortized"][metric])
    missing = {"2023-01-01": Decimal(0), "2023-01-02": Decimal(0)}
    desk.land(in_month(date(2023, 1, 1)), "2023-01-03T06:00")
    for number in range(len(list(losses(ACCOUNT)))):
        month = date(2024 + number // 12, 1 + number % 12, 1)  # each loss has a month of its own
        account = in_month(month)
        answers, lost = list(losses(account))[number]
        desk.land(desk.answering(answers), f"{month.replace(day=3)}T06:00")
        for day in account.costs:
            missing[day] = sum((both(one)[metric] for one in lost.get(day, [])), Decimal(0))
    desk.book().update()
    assert {day: residual for day, (_, residual) in desk.days().items()} == missing
    assert desk.red() == ["cost_is_conserved"]


def in_month(start: date) -> Account:
    """The same account in another month."""
    costs = {f"{start:%Y-%m}{day[7:]}": groups for day, groups in COSTS.items()}
    return replace(ACCOUNT, start=start, end=start + timedelta(2), costs=costs)


@dataclass
class Losing:
    """A store that says of one file that it has written it, and keeps none or nothing of it."""

    desk: Desk
    number: int
    kept: bytes | None

    def put_if_absent(self, key: str, body: bytes) -> bool:
        if f"/{self.number:05d}-" not in key:
            return self.desk.landing.put_if_absent(key, body)
        return self.kept is None or self.desk.landing.put_if_absent(key, self.kept)

    def get(self, key: str) -> bytes:
        return self.desk.landing.get(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.desk.landing.keys(prefix)


def test_a_run_of_which_any_file_is_lost_does_not_count(desk: Desk) -> None:
    for number in range(len(PAGES_OF_PASSES)):
        desk.land(ACCOUNT, LATER, Losing(desk, number, gzipped("") if number % 2 else None))
    must_be_yesterdays(desk)
    (found,) = desk.book().check()
    assert found.check == "deliveries_are_whole"
    assert len({row["delivery_id"] for row in found.rows}) == len(PAGES_OF_PASSES)
    desk.fetch(ACCOUNT, LATER)
    must_be_good(desk)


# ------------------------------------------------------------------------------ what is noticed


def refused(desk: Desk, costs: CostExplorer, error: type[MeterbookError], because: str) -> None:
    """The run fails and changes nothing."""
    counting = desk.counting()
    with pytest.raises(error, match=because):
        desk.fetch(costs, LATER)
    assert desk.counting() == counting
    must_be_yesterdays(desk)


def test_any_page_that_is_promised_and_does_not_come_fails_the_run(steady: Desk) -> None:
    for number, page in PAGES:
        answers = ACCOUNT.answers()
        answers[number].pages[page]["NextPageToken"] = "more"
        del answers[number].pages[page + 1 :]
        refused(steady, steady.answering(answers), CostExplorerUnavailable, "not recorded")


def test_a_token_that_comes_again_fails_the_run(steady: Desk) -> None:
    answers = ACCOUNT.answers()
    answers[PASSES[0]].pages[1]["NextPageToken"] = answers[PASSES[0]].pages[0]["NextPageToken"]
    refused(steady, steady.answering(answers), CostExplorerUnavailable, "given before")


@dataclass
class GoesAway:
    """A Cost Explorer that answers so many requests and then has an error."""

    costs: CostExplorer
    requests_left: int
    error: MeterbookError

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        for page in self.costs.pages(query):
            if not self.requests_left:
                raise self.error
            self.requests_left -= 1
            yield page


@pytest.mark.parametrize(
    "error",
    [CostExplorerRefused(detail="AccessDenied"), CostExplorerUnavailable(detail="503")],
    ids=["4xx", "5xx"],
)
def test_an_error_at_any_request_fails_the_run(steady: Desk, error: MeterbookError) -> None:
    answers = steady.answering(ANSWERS)
    for requests in range(len(PAGES)):
        refused(steady, GoesAway(answers, requests, error), type(error), str(error.data["detail"]))


def test_a_run_that_dies_before_its_closing_record_changes_nothing(desk: Desk) -> None:
    for effects in range(len(PAGES_OF_PASSES) + 1):
        dying = DisturbedStore(desk.landing, Disturbance(before=effects))
        with pytest.raises(Crash):
            desk.fetch(ACCOUNT, LATER, dying)
        must_be_yesterdays(desk)
    assert desk.red() == []
    desk.fetch(ACCOUNT, LATER)
    must_be_good(desk)
    assert desk.red() == []


def test_of_two_runs_at_once_one_counts_and_the_other_is_told(desk: Desk) -> None:
    other = account({DAYS[0]: {("AmazonEC2", "acme", ""): "99"}})
    before_its_record = Disturbance(len(PAGES_OF_PASSES), lambda: desk.fetch(other, LATER))
    with pytest.raises(Refused, match="another run"):
        desk.fetch(ACCOUNT, LATER, DisturbedStore(desk.landing, before_its_record))
    desk.book(LATER).update()
    assert desk.days() == {DAYS[0]: (99, 0), DAYS[1]: (0, 0)}
    assert desk.red() == []


Change = Callable[[list[Told]], object]


def said(number: int, **amount: str) -> Change:
    """Let the last result of an answer say something else of a cost."""

    def change(answers: list[Told]) -> None:
        result = answers[number].pages[-1]["ResultsByTime"][-1]
        costs = result["Groups"][-1]["Metrics"] if result["Groups"] else result["Total"]
        costs["AmortizedCost"] |= amount

    return change


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (said(SERVICES, Unit="EUR"), "not USD"),
        (said(PASSES[1], Unit="EUR"), "not USD"),
        (said(TOTALS, Unit="EUR"), "not USD"),
        (said(PASSES[0], Amount="0.1234567890123"), "12 decimals"),
        (said(PASSES[0], Amount="1E-13"), "12 decimals"),
        (said(PASSES[0], Amount="NaN"), "no cost"),
        (said(PASSES[0], Amount="1,5"), "no cost"),
        (said(TOTALS, Amount=""), "no cost"),
        (lambda told: told[TOTALS].pages[0]["ResultsByTime"].pop(), "no total of 2026-10-02"),
        (lambda told: told[TOTALS].pages[0]["ResultsByTime"].extend(TWICE), "twice"),
        (
            lambda told: (
                told[PASSES[0]]
                .pages[0]["ResultsByTime"][0]
                .update(TimePeriod={"Start": "2026-09-30"})
            ),
            "not asked",
        ),
        (
            lambda told: (
                told[PASSES[0]].pages[0]["ResultsByTime"][0]["Groups"][0]["Keys"].reverse()
            ),
            "grouped by",
        ),
    ],
)
def test_an_answer_that_the_book_could_not_take_fails_the_run(
    steady: Desk, change: Change, because: str
) -> None:
    answers = ACCOUNT.answers()
    change(answers)
    refused(steady, steady.answering(answers), InputRefused, because)


# --------------------------------------------------------------------------- what is suspicious


def test_an_empty_answer_is_held_where_there_was_cost_before(desk: Desk) -> None:
    done = desk.fetch(account({}, end=date(2026, 10, 10)), "2026-10-10T06:00")
    assert (done.event_type, done.rows, done.control_usd) == (EMPTY, 0, 0)
    assert len(desk.record(done)["days"]) == 9
    assert [desk.days()[day] for day in DAYS] == [(100, 0), (50, 0)]
    assert desk.red() == ["no_day_is_suspicious"]
