"""Every Cost Explorer keeps this contract: whole answers, as AWS words them; no wrong question."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aws.moto_cloud import costs_of
from meterbook.errors import CostExplorerRefused, CostExplorerUnavailable, InputRefused
from meterbook.ports import CostExplorer, CostQuery
from meterbook_local.recorded_costs import RecordedCosts, asked

pytestmark = pytest.mark.usefixtures("cloud")

Page = dict[str, Any]

QUERY = CostQuery(
    date(2026, 10, 1),
    date(2026, 10, 3),
    ("UnblendedCost",),
    (("TAG", "tenant_id"), ("TAG", "module_id")),
)


def _recorded(place: Path, pages: list[Page]) -> CostExplorer:
    for number, page in enumerate(pages):
        text = json.dumps({"query": asked(QUERY), "page": page})
        (place / f"{number:04d}.json").write_text(text, "utf-8")
    return RecordedCosts(place)


ADAPTERS: dict[str, Callable[[Path, list[Page]], CostExplorer]] = {
    "recorded": _recorded,
    "cost explorer": lambda _, pages: costs_of(*pages),
}


@pytest.fixture(params=ADAPTERS)
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[list[Page]], CostExplorer]:
    return lambda pages: ADAPTERS[request.param](tmp_path, pages)


def page(day: str, amount: str, token: str = "") -> Page:
    group = {
        "Keys": ["tenant_id$", "module_id$MOD-1"],
        "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}},
    }
    period = {"Start": day, "End": "2026-10-03"}
    result = {"TimePeriod": period, "Total": {}, "Groups": [group], "Estimated": True}
    return {"ResultsByTime": [result]} | ({"NextPageToken": token} if token else {})


def test_all_pages_come_in_order(told: Callable[[list[Page]], CostExplorer]) -> None:
    pages = [
        page("2026-10-01", "1", "second"),
        page("2026-10-01", "2", "third"),
        page("2026-10-02", "3"),
    ]
    found = list(told(pages).pages(QUERY))
    assert [one["ResultsByTime"] for one in found] == [one["ResultsByTime"] for one in pages]


def test_an_answer_ends_with_the_page_that_promises_no_other(
    told: Callable[[list[Page]], CostExplorer],
) -> None:
    pages = [page("2026-10-01", "1", "second"), page("2026-10-01", "2"), page("2026-10-02", "3")]
    assert len(list(told(pages).pages(QUERY))) == 2


def test_pages_that_point_back_are_an_error(told: Callable[[list[Page]], CostExplorer]) -> None:
    pages = [page("2026-10-01", f"{n}", token) for n, token in enumerate(["a", "b", "a", ""])]
    with pytest.raises(CostExplorerUnavailable, match="before"):
        list(told(pages).pages(QUERY))


def test_a_page_that_was_promised_and_not_recorded_is_an_error(tmp_path: Path) -> None:
    told = _recorded(tmp_path, [page("2026-10-01", "1", "second")])
    with pytest.raises(CostExplorerUnavailable, match="not recorded"):
        list(told.pages(QUERY))


@pytest.mark.parametrize("amount", ["0", "0.0000300172", "-1.0E-10", "1234567890.123456789012"])
def test_an_amount_is_the_text_that_aws_wrote(
    told: Callable[[list[Page]], CostExplorer], amount: str
) -> None:
    (found,) = told([page("2026-10-01", amount)]).pages(QUERY)
    results: Any = found["ResultsByTime"]
    assert results[0]["Groups"][0]["Metrics"]["UnblendedCost"]["Amount"] == amount
    assert results[0]["Estimated"] is True


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"end": date(2026, 10, 1)}, "no day"),
        ({"end": date(2026, 9, 30)}, "no day"),
        ({"metrics": ()}, "no metrics"),
        ({"metrics": ("UnblendedCosts",)}, "no metrics"),
        ({"group_by": (*QUERY.group_by, ("DIMENSION", "SERVICE"))}, "two keys"),
        ({"group_by": QUERY.group_by[:1] * 2}, "one key twice"),
    ],
)
def test_what_aws_would_refuse_cannot_be_asked(wrong: dict[str, Any], because: str) -> None:
    """AWS would refuse it; moto answers all of these."""
    whole = {"start": QUERY.start, "end": QUERY.end, "metrics": QUERY.metrics} | wrong
    with pytest.raises(InputRefused, match=because):
        CostQuery(**whole)


def test_a_question_that_was_not_recorded_is_refused(tmp_path: Path) -> None:
    told = _recorded(tmp_path, [page("2026-10-01", "1")])
    with pytest.raises(CostExplorerRefused, match="2026-11-01"):
        list(told.pages(CostQuery(QUERY.start, date(2026, 11, 1), QUERY.metrics)))
