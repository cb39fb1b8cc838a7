"""What a module of the platform does is found in the book, once, whatever goes wrong on the way.

A host Lambda with the layer, moto's bus, the landing bucket as Firehose fills it, the daily summary,
and from there down to the event. Messages come again, an invocation is retried, AWS refuses, fails,
or answers only after it has taken what was sent; at the end nothing is lost or counted twice.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws.moto_cloud import REGION, Fault, aws_error, client, disturb_all
from cli.tiny_month import CATALOG
from journey.cloud import NAMES, Cloud, a_cloud
from meterbook.catalog.apply_catalog import apply_catalog
from meterbook.catalog.read_catalog import read_catalog
from meterbook_usage import UsageMeter
from moto import mock_aws

NOW = datetime(2026, 11, 5, 8, tzinfo=UTC)
SENT = 1791797412123  # 12 October 2026, in milliseconds


class BrokenOff(Exception):
    """The host's own work failed, after some of it was recorded."""


@dataclass
class Host:
    """A function of the platform that scores what its queue brings, and meters it."""

    meter: UsageMeter
    fails_at: set[str] = field(default_factory=set)

    def invoke(self, *messages: dict[str, Any]) -> None:
        self.meter.handler(self._work)({"Records": list(messages)}, None)

    def _work(self, event: Any, _: Any) -> None:
        for message in self.meter.each(event["Records"]):
            order = json.loads(message["body"])
            self.meter.record(
                "calls", tenant_id="acme", quantity=order["calls"], unit="call",
                attributes={"order": order["name"]},
            )  # fmt: skip
            if order["name"] in self.fails_at:
                self.fails_at.remove(order["name"])
                raise BrokenOff


def message(number: int, calls: int) -> dict[str, Any]:
    """A message as SQS hands it to a function; it keeps its id when it is delivered again."""
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012}",
        "body": json.dumps({"name": f"order-{number}", "calls": calls}),
        "attributes": {"SentTimestamp": str(SENT + number)},
    }


MESSAGES = [message(number, number) for number in range(1, 6)]


@dataclass
class Platform:
    """The host, the bus, and the book at the end of the path."""

    host: Host
    cloud: Cloud
    output: Callable[[], str]
    _landed: Iterator[int] = field(default_factory=lambda: iter(range(99)))

    def land(self) -> None:
        """Land what came out of the bus and of the host's log, as Firehose writes it."""
        hour = f"2026/10/12/09/{next(self._landed)}.jsonl.gz"
        bodies = {
            "usage": [json.dumps(one) for one in self.cloud.wire.envelopes()],
            "usage_counts": [line for line in self.output().splitlines() if line.startswith('{"_aws"')],
        }  # fmt: skip
        for stream, lines in bodies.items():
            body = gzip.compress("".join(f"{line}\n" for line in lines).encode())
            self.cloud.landing.put_if_absent(f"{stream}/{hour}", body)
        self.cloud.book.update()

    def used(self) -> list[tuple[str, str, str]]:
        """The daily summary: who used how much, in how many events."""
        rows = self.cloud.book.show("v_usage_daily")
        return [
            (str(row["tenant_id"]), str(row["quantity"]), str(row["event_count"])) for row in rows
        ]

    def select(self, columns: str, table: str) -> list[dict[str, Any]]:
        return self.cloud.book.warehouse.query(f"select {columns} from metering.{table}")

    def missing(self) -> int:
        return len(self.select("producer", "usage_gaps"))


ALL_OF_IT = [("acme", "15.000000", "5")]


@pytest.fixture
def platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Platform]:
    with mock_aws():
        (tmp_path / "catalog.yaml").write_text(CATALOG, "utf-8")
        cloud = a_cloud(NOW)
        apply_catalog(cloud.book, read_catalog(tmp_path))
        spill = client("sqs").create_queue(QueueName="spill")["QueueUrl"]
        for name, value in {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": "score",
            "METERBOOK_USAGE_BUS": NAMES["bus"],
            "METERBOOK_USAGE_SPILL_QUEUE": spill,
            "METERBOOK_USAGE_DEADLINE_SECONDS": "60",  # none of these tests waits for it
        }.items():
            monkeypatch.setenv(name, value)
        yield Platform(Host(UsageMeter("MOD-1")), cloud, lambda: capsys.readouterr().out)


def test_work_done_twice_is_counted_once_and_found_down_to_its_event(platform: Platform) -> None:
    """Redelivered messages and a retried invocation; then from the summary to one of the events."""
    platform.host.fails_at = {"order-3"}
    with pytest.raises(BrokenOff):
        platform.host.invoke(*MESSAGES[:4])
    platform.host.invoke(*MESSAGES[:4])
    platform.land()
    platform.host.invoke(MESSAGES[4], MESSAGES[0])  # in another batch, in another order
    platform.land()  # and with it once more what had come out of the bus before
    assert platform.used() == ALL_OF_IT
    assert platform.select("event_id", "usage_rejects") == []
    assert (platform.missing(), platform.cloud.book.check()) == (0, [])
    event = told_of(platform, quantity=4)
    assert event["data"]["attributes"] == {"order": "order-4"}
    assert event["time"] == "2026-10-12T09:30:12.127000Z", "when its message was sent"


def told_of(platform: Platform, quantity: int) -> dict[str, Any]:
    """The event as it was told, found by the place that the book keeps of it."""
    events = platform.select("event_id, file_name, file_row, ordinal, quantity", "usage_events")
    (found,) = (event for event in events if event["quantity"] == quantity)
    body = platform.cloud.landing.get(found["file_name"])
    pack = json.loads(gzip.decompress(body).splitlines()[int(found["file_row"]) - 1])
    event: dict[str, Any] = pack["detail"]["events"][int(found["ordinal"])]
    assert event["id"] == found["event_id"]
    return event


def test_what_aws_refuses_fails_or_hides_is_neither_lost_nor_counted_twice(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the bus does not take at all is missed by number, until it is sent again."""
    throttled, failed = aws_error(400, "ThrottlingException"), aws_error(500, "InternalException")
    taken = Fault(504, "", "text/plain", took_effect=True)  # timed out after the effect
    faults = [throttled, failed, taken, throttled, taken]
    sent = disturb_all(monkeypatch, "eventbridge.PutEvents", *faults)
    platform.host.invoke(*MESSAGES[:3])
    platform.land()
    assert len(sent) == len(faults) + 1
    assert len(platform.select("event_id", "usage_lines")) == 3 * 3
    assert (platform.used(), platform.missing()) == ([("acme", "6.000000", "3")], 0)

    denied = aws_error(400, "AccessDeniedException")
    disturb_all(monkeypatch, "eventbridge.PutEvents", denied)
    platform.host.invoke(*MESSAGES[3:])
    platform.land()
    assert (platform.used(), platform.missing()) == ([("acme", "6.000000", "3")], 2)
    sent_again(platform)
    platform.land()
    assert (platform.used(), platform.missing()) == (ALL_OF_IT, 0)
    assert platform.cloud.book.check() == []


def sent_again(platform: Platform) -> None:
    """Put what waits in the spill queue on the bus, as it is."""
    url = client("sqs").get_queue_url(QueueName="spill")["QueueUrl"]
    for spilled in client("sqs").receive_message(QueueUrl=url)["Messages"]:
        entry = {"Source": "meterbook", "DetailType": "usage_recorded", "Detail": spilled["Body"]}
        platform.cloud.wire.events.put_events(Entries=[{**entry, "EventBusName": NAMES["bus"]}])
