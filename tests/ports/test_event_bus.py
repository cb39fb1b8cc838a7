"""Every event bus keeps this contract: what was published arrives whole, with its own id."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from aws.moto_cloud import AT_ONCE, Wire, aws_error, disturb, new_client
from meterbook.aws.eventbridge import EventBridge
from meterbook.errors import MeterbookError
from meterbook.ports import Announcement, EventBus
from meterbook_local.outbox import Outbox

pytestmark = pytest.mark.usefixtures("cloud")

Received = list[dict[str, object]]


@dataclass(frozen=True)
class Bus:
    """A bus, and how this suite sees what arrived."""

    bus: EventBus
    received: Callable[[], Received]
    broken: EventBus


def _outbox(place: Path) -> Bus:
    bus = Outbox(place / "outbox.jsonl")
    return Bus(bus, bus.published, Outbox(place / "no such folder" / "outbox.jsonl"))


def _eventbridge(_: Path) -> Bus:
    wire, broken = Wire(), new_client("events")
    disturb(broken, "PutEvents", *[aws_error(500, "InternalFailure")] * 5)
    return Bus(wire.bus, lambda: [_as_ours(one) for one in wire.envelopes()], _bus_on(broken))


def _bus_on(events: Any) -> EventBus:
    return EventBridge(events, "wire", AT_ONCE)


def _as_ours(envelope: dict[str, Any]) -> dict[str, object]:
    """EventBridge tells times to the second, and our id where it has room for one."""
    time = envelope["time"].replace("Z", ".000000Z")
    told = {name: envelope[name] for name in ("source", "detail-type", "detail")}
    return {"id": envelope["resources"][0], "time": time} | told


ADAPTERS: dict[str, Callable[[Path], Bus]] = {
    "outbox": _outbox,
    "eventbridge": _eventbridge,
}


@pytest.fixture(params=ADAPTERS)
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Bus:
    return ADAPTERS[request.param](tmp_path)


def _event(event_id: str = "id-1", **detail: object) -> Announcement:
    moment = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    return Announcement(event_id, "meterbook", "invoice_issued", moment, detail)


def test_a_published_event_arrives_with_every_field(bus: Bus) -> None:
    bus.bus.publish(_event(number="INV-1", total="10.00", tenants=["a", "b"]))
    assert bus.received() == [
        {
            "id": "id-1",
            "source": "meterbook",
            "detail-type": "invoice_issued",
            "time": "2026-11-02T08:00:00.000000Z",
            "detail": {"number": "INV-1", "total": "10.00", "tenants": ["a", "b"]},
        }
    ]


def test_every_event_arrives_with_its_own_id(bus: Bus) -> None:
    for number in range(5):
        bus.bus.publish(_event(f"id-{number}"))
    assert sorted(str(event["id"]) for event in bus.received()) == [f"id-{n}" for n in range(5)]


def test_a_second_publication_carries_the_same_id_again(bus: Bus) -> None:
    bus.bus.publish(_event())
    bus.bus.publish(_event())
    assert [event["id"] for event in bus.received()] == ["id-1", "id-1"]


def test_hostile_text_arrives_as_it_was_sent(bus: Bus) -> None:
    text = 'a"b\\c\n\r\u2028\0é𝄞</script>'
    bus.bus.publish(_event(name=text))
    assert [event["detail"] for event in bus.received()] == [{"name": text}]


def test_the_time_is_told_in_utc(bus: Bus) -> None:
    moment = datetime(2026, 11, 2, 10, 0, tzinfo=timezone(timedelta(hours=2)))
    bus.bus.publish(Announcement("id-1", "meterbook", "invoice_issued", moment, {}))
    assert [event["time"] for event in bus.received()] == ["2026-11-02T08:00:00.000000Z"]


def test_many_publishers_at_once_lose_nothing(bus: Bus) -> None:
    with ThreadPoolExecutor(8) as publishers:
        list(publishers.map(lambda n: bus.bus.publish(_event(str(n), pad="x" * 9_000)), range(40)))
    assert sorted(int(str(event["id"])) for event in bus.received()) == list(range(40))


def test_a_bus_that_does_not_take_the_event_says_so_and_may_be_tried_again(bus: Bus) -> None:
    with pytest.raises(MeterbookError) as refused:
        bus.broken.publish(_event())
    assert refused.value.code == "EVENTBRIDGE_PUBLISH_FAILED"
    assert refused.value.retryable


def test_a_float_never_leaves_the_house(bus: Bus) -> None:
    with pytest.raises(TypeError):
        bus.bus.publish(_event(share=0.02))
    assert bus.received() == []


def test_an_outbox_line_that_a_crash_cut_short_is_no_event(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.jsonl")
    outbox.publish(_event("whole"))
    with outbox.path.open("ab") as file:
        file.write(b'{"id":"torn","det')
    assert [event["id"] for event in outbox.published()] == ["whole"]
    outbox.publish(_event("next"))
    assert [event["id"] for event in outbox.published()] == ["whole", "next"]


def test_an_outbox_keeps_the_order_of_publication(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.jsonl")
    for number in range(5):
        outbox.publish(_event(f"id-{number}"))
    assert [event["id"] for event in outbox.published()] == [f"id-{number}" for number in range(5)]


def test_an_outbox_without_a_file_has_published_nothing(tmp_path: Path) -> None:
    assert Outbox(tmp_path / "outbox.jsonl").published() == []
