"""The same jobs over two sets of sockets make the same book, the same documents, the same events.

One machine: a folder and an outbox. The cloud, as moto plays it: S3, EventBridge and names from
SSM. The clock stands still in both, and the book is DuckDB in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from journey.cloud import Cloud, a_cloud, bill
from journey.walk import Walked, take_in
from meterbook.canonical import canonical_json
from meterbook_local.demo_month import DemoMonth
from moto import mock_aws


@pytest.fixture(scope="module")
def in_the_cloud(month: DemoMonth) -> Iterator[Cloud]:
    with mock_aws():
        cloud = a_cloud(month.now)
        take_in(cloud.book, month)
        bill(cloud, month.period)
        yield cloud


def test_every_published_view_is_the_same(walked: Walked, in_the_cloud: Cloud) -> None:
    assert len(walked.book.views) > 10
    for view in walked.book.views:
        assert in_the_cloud.book.show(view) == walked.book.show(view), view
    assert in_the_cloud.book.check() == []


def test_every_document_and_every_sheet_of_the_register_is_the_same_to_the_byte(
    walked: Walked, in_the_cloud: Cloud
) -> None:
    keys = list(walked.evidence.keys())
    assert any(key.endswith(".pdf") for key in keys)
    assert list(in_the_cloud.evidence.keys()) == keys
    for key in keys:
        assert in_the_cloud.evidence.get(key) == walked.evidence.get(key), key


def test_so_is_all_that_was_landed(walked: Walked, in_the_cloud: Cloud) -> None:
    landing = walked.book.landing
    keys = list(landing.keys())
    assert list(in_the_cloud.landing.keys()) == keys
    for key in keys:
        assert in_the_cloud.landing.get(key) == landing.get(key), key


def test_the_outbox_and_the_bus_were_told_the_same_events_with_the_same_ids_and_bytes(
    walked: Walked, in_the_cloud: Cloud
) -> None:
    outbox: list[Any] = walked.outbox.published()
    wire = in_the_cloud.wire.envelopes()
    assert {event["detail-type"] for event in outbox} == {
        "unattributed_cost_threshold_exceeded",
        "billing_period_closed",
        "invoice_issued",
    }
    assert {
        (one["resources"][0], one["detail-type"], one["source"], canonical_json(one["detail"]))
        for one in wire
    } == {
        (one["id"], one["detail-type"], one["source"], canonical_json(one["detail"]))
        for one in outbox
    }
    assert len(wire) == len(outbox)
    assert {one["time"] for one in wire} == {
        f"{one['time'][:19]}Z" for one in outbox if one["time"].endswith(".000000Z")
    }


def test_a_second_run_in_the_cloud_tells_nothing_again(
    in_the_cloud: Cloud, month: DemoMonth
) -> None:
    told = len(in_the_cloud.wire.envelopes())
    documents = list(in_the_cloud.evidence.keys())
    bill(in_the_cloud, month.period)
    assert len(in_the_cloud.wire.envelopes()) == told
    assert list(in_the_cloud.evidence.keys()) == documents
