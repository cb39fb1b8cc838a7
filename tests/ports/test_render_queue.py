"""Every queue of documents hands out each number that it took; SQS says what it did not take.

What the pool of one machine writes, and when it fails, is looked at in tests/invoice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import pytest
from aws.moto_cloud import AT_ONCE, Fault, aws_error, disturb, new_client
from meterbook.aws.queue import SqsRenderQueue
from meterbook.errors import QueueUnavailable
from meterbook.ports import RenderQueue
from meterbook_local.pool import RenderPool

pytestmark = pytest.mark.usefixtures("cloud")


def not_taken(entry: int) -> Fault:
    """The request is taken, and one of its entries is not."""
    failed = {"Id": str(entry), "SenderFault": False, "Code": "InternalError", "Message": "m"}
    body = json.dumps({"Failed": [failed], "Successful": []})
    return Fault(200, body, "application/x-amz-json-1.0")


@dataclass(frozen=True)
class Queue:
    """The queue, its client, and how this suite sees what waits in it."""

    sqs: Any
    url: str

    @property
    def queue(self) -> SqsRenderQueue:
        return SqsRenderQueue(self.sqs, self.url, AT_ONCE)

    def waiting(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found += [json.loads(message["Body"]) for message in messages]
        return sorted(found, key=lambda one: one["number"])


@pytest.fixture
def queue(cloud: None) -> Queue:
    sqs = new_client("sqs")
    return Queue(sqs, sqs.create_queue(QueueName="render")["QueueUrl"])


@dataclass(frozen=True)
class Adapter:
    """A queue, and what it has handed out so far: sellers with numbers."""

    queue: RenderQueue
    handed_out: Callable[[], list[tuple[str, str]]]


def _sqs() -> Adapter:
    sqs = new_client("sqs")
    made = Queue(sqs, sqs.create_queue(QueueName="render")["QueueUrl"])
    told = itemgetter("seller_id", "number")
    return Adapter(made.queue, lambda: [told(one) for one in made.waiting()])


def _pool() -> Adapter:
    written: list[tuple[str, str]] = []
    pool = RenderPool(lambda seller_id, number: written.append((seller_id, number)), processes=1)
    return Adapter(pool, lambda: written)


ADAPTERS: dict[str, Callable[[], Adapter]] = {"sqs": _sqs, "pool": _pool}


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
@pytest.mark.parametrize("which", ADAPTERS)
def test_every_number_is_handed_out_with_its_seller(which: str, count: int) -> None:
    adapter = ADAPTERS[which]()
    numbers = [f"INV-2026-{n:04d}" for n in range(count)]
    adapter.queue.send("reseller", numbers)
    assert adapter.handed_out() == [("reseller", number) for number in numbers]


@pytest.mark.parametrize("which", ADAPTERS)
def test_a_number_that_is_handed_over_again_is_handed_out_again(which: str) -> None:
    adapter = ADAPTERS[which]()
    for _ in range(2):
        adapter.queue.send("reseller", ["INV-2026-0001"])
    assert adapter.handed_out() == [("reseller", "INV-2026-0001")] * 2


def test_a_number_that_is_not_taken_is_sent_again_alone(queue: Queue) -> None:
    sent = disturb(queue.sqs, "SendMessageBatch", not_taken(1))
    queue.queue.send("reseller", ["A-1", "A-2"])
    assert [len(json.loads(request.body)["Entries"]) for request in sent] == [2, 1]
    assert queue.waiting() == [{"number": "A-2", "seller_id": "reseller"}]


def test_a_queue_that_never_takes_it_is_an_error_that_may_be_tried_again(queue: Queue) -> None:
    disturb(queue.sqs, "SendMessageBatch", *[not_taken(0)] * 9)
    with pytest.raises(QueueUnavailable, match=r"did not take 1 numbers.*InternalError") as refused:
        queue.queue.send("reseller", ["A-1"])
    assert (refused.value.code, refused.value.retryable) == ("QUEUE_UNAVAILABLE", True)


def test_a_request_that_fails_whole_is_left_to_the_retries_of_the_client(queue: Queue) -> None:
    sent = disturb(queue.sqs, "SendMessageBatch", aws_error(500, "InternalFailure"))
    with pytest.raises(QueueUnavailable):
        queue.queue.send("reseller", ["A-1"])
    assert len(sent) == 1
