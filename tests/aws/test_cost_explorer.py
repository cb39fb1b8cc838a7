"""What Cost Explorer owes beyond its contract: what it is asked, how often, and what errors mean."""

from __future__ import annotations

import json
from datetime import date

import pytest
from aws.moto_cloud import Fault, aws_error, cost_explorer, disturb
from meterbook.aws import CLIENT_CONFIG
from meterbook.aws.cost_explorer import CostExplorerClient
from meterbook.canonical import canonical_json
from meterbook.errors import CostExplorerRefused, CostExplorerUnavailable
from meterbook.ports import CostQuery

QUERY = CostQuery(date(2026, 10, 1), date(2026, 11, 1), ("UnblendedCost",))
EMPTY = {"ResultsByTime": []}


def asking(*faults, config=None):
    client = cost_explorer(EMPTY, config=config) if config else cost_explorer(EMPTY)
    return CostExplorerClient(client), disturb(client, "GetCostAndUsage", *faults)


def question(request):
    return json.loads(request.body)


def test_a_query_is_asked_by_the_day():
    costs, sent = asking()
    groupings = (("TAG", "tenant_id"), ("DIMENSION", "LINKED_ACCOUNT"))
    list(costs.pages(CostQuery(QUERY.start, QUERY.end, QUERY.metrics, groupings, "AmazonEC2")))
    assert [question(request) for request in sent] == [
        {
            "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"},
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost"],
            "GroupBy": [
                {"Type": "TAG", "Key": "tenant_id"},
                {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
            ],
            "Filter": {"Dimensions": {"Key": "SERVICE", "Values": ["AmazonEC2"]}},
        }
    ]


def test_what_is_not_wanted_is_not_said():
    costs, sent = asking()
    list(costs.pages(QUERY))
    assert {"GroupBy", "Filter", "NextPageToken"}.isdisjoint(question(sent[0]))


def test_a_page_that_points_back_ends_in_an_error_and_not_in_a_bill():
    """AWS bills each request, so a circle of pages would cost money for ever."""
    pages = [Fault(200, canonical_json({**EMPTY, "NextPageToken": token})) for token in "aba"]
    costs, sent = asking(*pages)
    with pytest.raises(CostExplorerUnavailable, match="before"):
        list(costs.pages(QUERY))
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ValidationException"),
        (400, "DataUnavailableException"),
        (400, "BillExpirationException"),
        (400, "RequestChangedException"),
        (403, "AccessDeniedException"),
    ],
)
def test_a_wrong_request_is_refused_and_not_repeated(status, code):
    costs, sent = asking(*[aws_error(status, code)] * 3, config=CLIENT_CONFIG)
    with pytest.raises(CostExplorerRefused, match=code) as refused:
        list(costs.pages(QUERY))
    assert (refused.value.code, refused.value.retryable) == ("COST_EXPLORER_4XX", False)
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "LimitExceededException"), (400, "ThrottlingException"), (500, "Internal"), (503, "X")],
)
def test_a_busy_service_is_an_error_that_may_be_tried_again(status, code):
    costs, _ = asking(aws_error(status, code))
    with pytest.raises(CostExplorerUnavailable, match=code) as unavailable:
        list(costs.pages(QUERY))
    assert unavailable.value.code == "COST_EXPLORER_UNAVAILABLE"
    assert unavailable.value.retryable


@pytest.mark.parametrize("cut_after", range(3))
def test_an_answer_that_breaks_off_is_an_error_and_no_shorter_answer(cut_after):
    pages = [Fault(200, canonical_json({**EMPTY, "NextPageToken": f"{n}"})) for n in range(3)]
    costs, _ = asking(*pages[:cut_after], aws_error(503, "Busy"))
    given = []
    with pytest.raises(CostExplorerUnavailable):
        given.extend(costs.pages(QUERY))
    assert len(given) <= cut_after


# ------------------------------------------------------------------ as the functions configure it


@pytest.fixture
def waits(monkeypatch):
    """How long botocore would have waited before each repetition, in seconds."""
    found = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", found.append)
    return found


@pytest.mark.parametrize(
    ("fault", "longest"),
    [
        (aws_error(500, "InternalFailure"), 0.05),
        (aws_error(503, "ServiceUnavailable"), 0.05),
        (aws_error(400, "ThrottlingException"), 1),
        (aws_error(400, "LimitExceededException"), 1),
    ],
    ids=lambda value: getattr(value, "body", value),
)
def test_what_may_be_repeated_is_repeated_four_times_after_waits_of_chance(waits, fault, longest):
    costs, sent = asking(*[fault] * 9, config=CLIENT_CONFIG)
    with pytest.raises(CostExplorerUnavailable):
        list(costs.pages(QUERY))
    assert len(sent) == 5
    assert len(set(waits)) == len(waits) == 4
    assert all(0 <= wait <= longest * 2**n for n, wait in enumerate(waits))


def test_an_answer_that_comes_at_last_is_taken(waits):
    costs, sent = asking(*[aws_error(503, "Busy")] * 4, config=CLIENT_CONFIG)
    assert list(costs.pages(QUERY)) != []
    assert (len(sent), len(waits)) == (5, 4)
