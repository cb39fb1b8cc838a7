"""What was recorded is on the bus, or in the spill queue, or in the log: never lost, never raised."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from itertools import combinations

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from meterbook_usage.packing import Pack
from meterbook_usage.sending import Destinations, Sending, _new_client
from meterbook_usage.settings import Settings
from usage_layer.local_cloud import Answer, Cloud, Part, Silence

BIG = {"text": "x" * 40_000}  # so that each event fills an entry alone
THROTTLED = Answer(400, "ThrottlingException")
DOWN = Answer(503, "ServiceUnavailable")
DENIED = Answer(400, "AccessDeniedException")


def record(meter, number, **said):
    return [
        meter.record("ml_inference", tenant_id="acme", quantity=i, **said) for i in range(number)
    ]


def ids(events):
    return [event["id"] for event in events]


def unsent(lines):
    return [
        event for line in lines if line.get("message") == "usage_not_sent"
        for event in line["detail"]["events"]
    ]  # fmt: skip


def test_what_is_recorded_is_put_on_the_bus_as_one_pack(meter, cloud):
    recorded = record(meter, 3)
    meter.flush()
    assert ids(cloud.on_the_bus()) == recorded
    (entry,) = cloud.entries
    assert entry.pop("Detail") == cloud.bus[0]
    assert entry == {
        "EventBusName": "meterbook",
        "Source": "meterbook",
        "DetailType": "usage_recorded",
    }


def test_nothing_recorded_is_nothing_sent_and_nothing_said(meter, cloud, said):
    meter.flush()
    assert (cloud.calls, said()) == ([], [])


class Wire:
    """A real client whose requests are answered before they are sent."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.failing: frozenset[int] = frozenset()
        self.errors: list[Exception] = []
        self.client = _new_client("events", 1.0)
        self.client.meta.events.register_first("before-send.eventbridge.PutEvents", self.send)

    def send(self, request, **_):
        if self.errors:
            raise self.errors.pop()
        cloud = Cloud(bus_faults=deque([Part(self.failing)]))
        self.failing = frozenset()
        _, told = cloud.answer("AWSEvents.PutEvents", json.loads(request.body))
        self.taken.update(cloud.bus)
        answer = AWSResponse(request.url, 200, {}, None)
        answer._content = json.dumps(told).encode()
        return answer


def test_of_every_partial_failure_of_ten_entries_each_ends_on_the_bus_once(cloud):
    wire, settings = Wire(), Settings(bus="meterbook", deadline_seconds=600)
    destinations = Destinations(settings, lambda *_: wire.client)
    masks = [set(mask) for size in range(11) for mask in combinations(range(10), size)]
    assert len(masks) == 2**10
    packs = [Pack(f'{{"n":{i}}}', 40) for i in range(10)]
    for mask in masks:
        wire.failing = frozenset(mask)
        Sending(packs, settings, destinations, lambda _: None).run()
        assert wire.taken == Counter({each.detail: 1 for each in packs})
        wire.taken.clear()


def test_only_entries_that_failed_are_sent_again(meter, cloud):
    recorded = record(meter, 5, attributes=BIG)
    cloud.bus_faults.append(Part(frozenset({1, 3})))
    meter.flush()
    assert sorted(ids(cloud.on_the_bus())) == sorted(recorded)
    assert [len(call) for call in cloud.calls] == [5, 2]


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="u"),
        ConnectTimeoutError(endpoint_url="u"),
        ReadTimeoutError(endpoint_url="u"),
        ConnectionClosedError(endpoint_url="u"),
        SSLError(endpoint_url="u", error="e"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_breaks_is_made_again(cloud, error):
    wire, settings = Wire(), Settings(bus="meterbook", deadline_seconds=600)
    wire.errors = [error] * 3
    destinations = Destinations(settings, lambda *_: wire.client)
    Sending([Pack("{}", 40)], settings, destinations, lambda _: None).run()
    assert wire.taken == {"{}": 1}


@pytest.mark.parametrize(
    "fault",
    [
        THROTTLED,
        DOWN,
        Answer(500, "InternalFailure", took_effect=True),
        Answer(502, "NeverHeardOf"),
        Part(frozenset({0})),
    ],
    ids=lambda fault: f"{type(fault).__name__} {fault.code}",
)
def test_a_bus_that_comes_back_in_time_gets_all(meter, cloud, fault, said):
    recorded = record(meter, 2)
    cloud.bus_faults += [fault, fault]
    meter.flush()
    assert set(ids(cloud.on_the_bus())) == set(recorded)
    assert cloud.queue == []
    assert unsent(said()) == []


def test_what_came_through_though_its_answer_was_lost_is_sent_again_with_the_same_ids(
    new_meter, cloud
):
    meter = new_meter(deadline_seconds=4)
    record(meter, 1)
    meter.flush()  # a client takes its time to be made
    cloud.bus.clear()
    recorded = record(meter, 2)
    cloud.bus_faults.append(Silence(took_effect=True))
    meter.flush()
    assert Counter(ids(cloud.on_the_bus())) == dict.fromkeys(recorded, 2)
    assert len(set(cloud.bus)) == 1, "the same bytes"


def test_what_the_bus_never_takes_waits_in_the_spill_queue_as_the_bus_would_have_had_it(
    meter, cloud, said
):
    recorded = record(meter, 2)
    cloud.bus_faults.append(DENIED)
    meter.flush()
    assert cloud.bus == []
    (body,) = cloud.queue
    assert json.loads(body)["count"] == 2
    assert ids(cloud.events()) == recorded
    assert len(cloud.calls) == 2, "what is denied is not asked for again"
    assert said()[-1] == {
        "level": "WARNING",
        "message": "usage_spilled",
        "reason": "AccessDeniedException",
        "packs": 1,
    }


def test_the_queue_is_asked_again_for_what_it_did_not_take(meter, cloud):
    recorded = record(meter, 5, attributes=BIG)
    cloud.bus_faults.append(DENIED)
    cloud.queue_faults += [DOWN, Part(frozenset({0, 4}), "InternalError")]
    meter.flush()
    assert sorted(ids(cloud.events())) == sorted(recorded)


def test_what_no_one_takes_is_written_down_without_its_attributes(meter, cloud, said):
    recorded = record(meter, 2, attributes={"note": "a secret"})
    cloud.bus_faults.append(DENIED)
    cloud.queue_faults.append(DENIED)
    meter.flush()
    lines = said()
    assert ids(unsent(lines)) == recorded
    assert lines[-1]["reason"] == "AccessDeniedException"
    assert "secret" not in json.dumps(lines)
    assert [event["data"] for event in unsent(lines)] == [{"quantity": "0"}, {"quantity": "1"}]


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("fault", [THROTTLED, DOWN, DENIED, "silence", "part"])
def test_recorded_is_bus_and_queue_and_log_together(new_meter, cloud, said, fault, took_effect):
    """Whatever goes wrong with both ways out, again and again."""
    meter = new_meter(deadline_seconds=0.4)
    faults = {"silence": Silence(took_effect), "part": Part(frozenset({0, 2}))}
    if isinstance(fault, Answer):
        faults[fault] = Answer(fault.status, fault.code, took_effect)
    recorded = record(meter, 5, attributes=BIG)
    cloud.bus_faults += [faults[fault]] * 1000
    cloud.queue_faults += [faults[fault]] * 2
    meter.flush()
    everywhere = ids(cloud.events()) + ids(unsent(said()))
    assert set(everywhere) == set(recorded)


def test_a_bus_that_never_answers_does_not_hold_the_host(new_meter, cloud, said):
    """The cloud keeps silent until the test ends, so returning at all is the proof."""
    meter = new_meter(deadline_seconds=0.5)
    recorded = record(meter, 2)
    cloud.bus_faults += [Silence()] * 10
    cloud.queue_faults += [Silence()] * 10
    meter.flush()
    assert not cloud.let_go.is_set()
    assert ids(unsent(said())) == recorded


def test_not_even_a_name_server_holds_the_host(new_meter, cloud, said):
    stuck, let_go = threading.Event(), threading.Event()

    def resolve(*_):
        stuck.set()
        let_go.wait(60)
        raise OSError("at last")

    meter = new_meter(deadline_seconds=0.2)
    meter._outbox.destinations = Destinations(meter._settings, resolve)
    recorded = record(meter, 2)
    meter.flush()
    assert stuck.is_set() and not let_go.is_set()
    lines = said()
    assert ids(unsent(lines)) == recorded
    assert lines[-1]["reason"] == "deadline"
    let_go.set()


def test_a_host_without_boto3_or_with_a_broken_one_has_its_usage_in_the_log(new_meter, said):
    meter = new_meter()

    def missing(*_):
        raise ImportError("no boto3 here")

    meter._outbox.destinations = Destinations(meter._settings, missing)
    recorded = record(meter, 1)
    meter.flush()
    assert ids(unsent(said())) == recorded


def test_a_process_that_can_start_no_thread_says_what_it_recorded(new_meter, said, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread at interpreter shutdown")

    meter = new_meter()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    recorded = record(meter, 1)
    meter.flush()
    lines = said()
    assert ids(unsent(lines)) == recorded
    assert lines[-1]["reason"] == "no_thread"


def test_without_a_bus_nothing_is_sent_and_all_is_said(new_meter, cloud, said):
    meter = new_meter(bus="", spill_queue="")
    recorded = record(meter, 2)
    meter.flush()
    lines = said()
    assert cloud.calls == []
    assert ids(unsent(lines)) == recorded
    assert lines[-1]["reason"] == "not_configured"


def test_a_call_stays_below_256_kb_and_ten_entries(meter, cloud):
    recorded = record(meter, 25, attributes=BIG)
    meter.flush()
    assert sorted(ids(cloud.on_the_bus())) == sorted(recorded)
    for call in cloud.calls:
        assert len(call) <= 10
        assert sum(len(detail) + len("meterbookusage_recorded") for detail in call) < 256 * 1024


def test_what_waits_is_sent_off_when_a_call_is_full_and_nothing_is_lost_at_the_end(meter, cloud):
    recorded = record(meter, 3000, attributes={"text": "x" * 100})
    assert cloud.calls or meter._outbox._sendings, "some are on their way before the flush"
    meter.flush()
    assert sorted(ids(cloud.on_the_bus())) == sorted(recorded)
