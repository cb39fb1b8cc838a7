"""A published account's Cost Explorer answers, page by page through a mocked AWS, to the last digit.

The file holds 86 days grouped by service, unblended only; the last month is estimated. What the job
asks besides follows from its figures: each service is one tenant's, and amortized is unblended.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws.moto_cloud import costs_of
from costs.ce_answers import Account, chained, in_order
from costs.fetch_desk import Desk
from meterbook.costs.fetch_aws_costs import COMPLETED
from meterbook.ports import CostQuery
from meterbook.sqlfiles import project_folder
from moto import mock_aws

pytestmark = pytest.mark.real

FIRST, END = date(2024, 2, 1), date(2024, 4, 27)
BY_MONTH = {
    "2024-02": Decimal("16.4910808573"),
    "2024-03": Decimal("4.9254159439"),
    "2024-04": Decimal("45.8375553882"),
}


@pytest.fixture(autouse=True)
def cloud() -> Iterator[None]:
    with mock_aws():
        yield


@cache
def sample() -> list[dict[str, Any]]:
    """The file's days, or a skip that says where it should be."""
    data = Path(os.environ.get("DATA", project_folder("examples").parents[1] / "shared" / "data"))
    file = data / "aws-ce-daily-sample" / "results_by_time.json"
    if not file.is_file():
        pytest.skip(f"the published data is not in {data}: set DATA to the folder that holds it")
    days: list[dict[str, Any]] = json.loads(file.read_bytes())["ResultsByTime"]
    return days


def by_month(amounts: list[tuple[str, str]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for day, amount in amounts:
        sums[day[:7]] += Decimal(amount)
    return dict(sums)


def costs() -> dict[str, dict[tuple[str, str, str], str]]:
    """Each service's cost as one tenant's."""
    return {
        day["TimePeriod"]["Start"]: {
            (group["Keys"][0], "acme", ""): group["Metrics"]["UnblendedCost"]["Amount"]
            for group in day["Groups"]
        }
        for day in sample()
    }


@pytest.mark.parametrize("days_a_page", [1, 7, 86])
def test_the_pages_come_as_they_are_and_sum_to_the_months(days_a_page: int) -> None:
    days = sample()
    parts = [days[n : n + days_a_page] for n in range(0, len(days), days_a_page)]
    pages = chained([{"ResultsByTime": part} for part in parts])
    query = CostQuery(FIRST, END, ("UnblendedCost",), (("DIMENSION", "SERVICE"),))
    told: list[Any] = [page["ResultsByTime"] for page in costs_of(*pages).pages(query)]
    assert told == parts
    amounts = [
        (day["TimePeriod"]["Start"], group["Metrics"]["UnblendedCost"]["Amount"])
        for part in told
        for day in part
        for group in day["Groups"]
    ]
    assert by_month(amounts) == BY_MONTH
    assert [day["Estimated"] for part in told for day in part].count(True) == 26


def test_the_whole_job_takes_them_to_the_last_digit_and_keeps_what_is_estimated(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.apply(cost_window_months="2")
    account = Account(FIRST, END, costs(), groups_a_page=40, estimated_from="2024-04-01")
    done = desk.fetch(costs_of(*in_order(account.answers())), "2024-04-27T06:00")
    assert (done.event_type, done.control_usd) == (COMPLETED, sum(BY_MONTH.values()))
    assert len(desk.days()) == 86
    assert {residual for _, residual in desk.days().values()} == {0}
    assert desk.red() == []
    daily = desk.daily()
    assert by_month([(row[0], row[4]) for row in daily]) == BY_MONTH
    assert len({service for _, service, *_ in daily}) == 25  # eight more cost nothing
    estimated = [day["TimePeriod"]["Start"] for day in sample() if day["Estimated"]]
    assert desk.record(done)["origin"]["estimated_days"] == estimated
    rows = [(row["usage_date"], row["estimated"]) for row in desk.landed_rows(done)]
    assert {day for day, is_estimated in rows if is_estimated} == set(estimated)
    assert len(estimated) == 26
    assert not [day for day, is_estimated in rows if not is_estimated and day in estimated]
