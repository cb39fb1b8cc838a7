"""A meter tells what happened, once and as it was given, and its host never feels it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meterbook_usage import UsageMeter
from meterbook_usage.recording import Recording
from usage_layer.test_usage_triggers import sqs


def flushed(meter, cloud):
    meter.flush()
    return cloud.on_the_bus()


def test_an_event_says_all_that_is_known_in_texts(meter, cloud):
    event_id = meter.record(
        "ml_inference", tenant_id="acme", quantity=Decimal("12.50"), unit="call",
        attributes={"model": "m2", "customer_id": 7, "cold": True, "none": None},
    )  # fmt: skip
    (event,) = flushed(meter, cloud)
    assert event == {
        "specversion": "1.0",
        "id": event_id,
        "source": "/MOD-042/score",
        "type": "ml_inference",
        "subject": "acme",
        "time": "2026-10-24T12:00:00.000000Z",
        "producer": event["producer"],
        "sequence": "1",
        "data": {
            "quantity": "12.50",
            "unit": "call",
            "attributes": {"cold": "true", "customer_id": "7", "model": "m2"},
        },
    }
    assert list(event["data"]["attributes"]) == ["cold", "customer_id", "model"], "keys are sorted"
    assert event["producer"].startswith("score/")


@pytest.mark.parametrize(
    ("given_quantity", "text"),
    [
        (3, "3"), ("12.5", "12.5"), (0.1, "0.1"), (1e-7, "0.0000001"), (Decimal("1E+3"), "1000"),
        (float("nan"), "NaN"), (float("inf"), "Infinity"), (Decimal("-0.5"), "-0.5"),
        ("1,5", "1,5"), ("", ""), (True, "True"), (10**20, "1" + "0" * 20),
    ],
)  # fmt: skip
def test_a_quantity_travels_as_text_and_the_book_judges_it(meter, cloud, given_quantity, text):
    meter.record("a", tenant_id="t", quantity=given_quantity)
    assert flushed(meter, cloud)[0]["data"]["quantity"] == text


def test_a_metric_that_counts_ids_needs_no_quantity(meter, cloud):
    meter.record("active_customers", tenant_id="t", attributes={"customer_id": "c-1"})
    assert flushed(meter, cloud)[0]["data"] == {"attributes": {"customer_id": "c-1"}}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 10, 1, 8, tzinfo=UTC), "2026-10-01T08:00:00.000000Z"),
        (
            datetime(2026, 10, 1, 8, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2026-10-01T02:30:00.000000Z",
        ),
        (datetime(2026, 10, 1, 8), "2026-10-01T08:00:00"),  # noqa: DTZ001 - the book will refuse it
        ("yesterday", "yesterday"),
    ],
)
def test_a_given_time_is_told_in_utc_and_never_guessed(meter, cloud, moment, text):
    meter.record("a", tenant_id="t", quantity=1, time=moment)
    assert flushed(meter, cloud)[0]["time"] == text


def test_a_correction_names_the_event_that_it_takes_back(meter, cloud):
    first = meter.record("a", tenant_id="t", quantity=5)
    meter.record("a", tenant_id="t", quantity=-2, reverses=first)
    _, correction = flushed(meter, cloud)
    assert correction["data"] == {"quantity": "-2", "reverses": first}
    assert correction["id"] != first


def test_the_count_is_said_before_anything_is_sent(new_meter, cloud, said):
    meter = new_meter(bus="", spill_queue="")
    for _ in range(3):
        meter.record("a", tenant_id="t", quantity=1)
    meter.flush()
    meter.record("a", tenant_id="u", quantity=1)
    meter.flush()
    first, unsent, second, _ = said()
    producer = unsent["detail"]["producer"]
    assert first == {
        "_aws": {
            "Timestamp": 1792843203000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "meterbook/usage",
                    "Dimensions": [["module"]],
                    "Metrics": [{"Name": "UsageEventsRecorded", "Unit": "Count"}],
                }
            ],
        },
        "UsageEventsRecorded": 3,
        "module": "MOD-042",
        "producer": producer,
        "source": "/MOD-042/score",
        "first_sequence": "1",
        "last_sequence": "3",
        "recorded_at": "2026-10-24T12:00:03.000000Z",
    }
    assert (second["first_sequence"], second["last_sequence"]) == ("4", "4")
    assert second["producer"] == producer


# --------------------------------------------------------------------------------------- any text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)


def travels(text):
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    told=st.fixed_dictionaries(
        dict.fromkeys(("metric", "tenant_id", "unit", "quantity", "event_id"), ANY_TEXT)
    ),
    attributes=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3),
)
def test_any_text_comes_through_as_it_was_or_is_refused_aloud(
    meter_in_the_log, capsys, told, attributes
):
    kept = meter_in_the_log.record(**told, attributes=attributes)
    recorded = meter_in_the_log._here().take()
    assert recorded.first == recorded.last, "it has its number, kept or refused"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    if all(map(travels, [*told.values(), *attributes, *attributes.values()])):
        (text,) = recorded.events
        assert (text.isascii(), lines) == (True, [])
        assert_tells(json.loads(text), told, attributes)
        assert kept == (told["event_id"] or kept)
    else:
        assert (kept, recorded.events) == ("", [])
        assert lines[0]["reason"] in {"text_with_nul", "text_not_unicode"}
        assert lines[0]["sequence"] == str(recorded.last)


def assert_tells(event, told, attributes):
    assert (event["type"], event["subject"]) == (told["metric"], told["tenant_id"])
    assert event["data"]["quantity"] == told["quantity"]
    assert event["data"].get("unit", "") == told["unit"]
    assert event["data"].get("attributes", {}) == attributes


@pytest.fixture
def meter_in_the_log(new_meter):
    return new_meter(bus="", spill_queue="")


class Hostile:
    def __str__(self):
        raise RuntimeError("no text for you")


@pytest.mark.parametrize(
    "said_of_it",
    [
        {"metric": Hostile()}, {"tenant_id": Hostile()}, {"quantity": Hostile()}, {"unit": []},
        {"tenant_id": []}, {"attributes": 3}, {"attributes": {1: "a", "b": "c"}}, {"time": Hostile()},
        {"attributes": {"a": Hostile()}}, {"quantity": 10**5000}, {"reverses": Hostile()},
        {"event_id": Hostile()}, {"tenant_id": "t" * 5000}, {"attributes": {"k" * 5000: "a"}},
    ],
    ids=range(14),
)  # fmt: skip
def test_whatever_the_host_says_it_is_never_raised_at(meter, cloud, said, said_of_it):
    told = {"metric": "a", "tenant_id": "t", "quantity": 1, **said_of_it}
    kept = meter.record(told.pop("metric"), **told)
    after = meter.record("a", tenant_id="t", quantity=1)
    assert [event["id"] for event in flushed(meter, cloud)] == [
        each for each in (kept, after) if each
    ]
    lines = said()
    assert lines[-1]["UsageEventsRecorded"] == 2, "refused is counted, so that the book misses it"
    assert "no text for you" not in json.dumps(lines)


def test_a_host_that_closed_its_output_is_metered_all_the_same(meter, cloud, monkeypatch):
    class Closed:
        def write(self, _):
            raise ValueError("I/O operation on closed file")

    monkeypatch.setattr(sys, "stdout", Closed())
    meter.record("a", tenant_id="\0", quantity=1)
    meter.record("a", tenant_id="t", quantity=1)
    assert len(flushed(meter, cloud)) == 1


# -------------------------------------------------------------------------------------- producers


def test_numbers_have_no_gap_and_no_double_however_many_threads_record(meter, cloud):
    def work(tenant):
        for _ in range(250):
            meter.record("a", tenant_id=tenant, quantity=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, "abcdabcd"))
    events = flushed(meter, cloud)
    assert sorted(int(event["sequence"]) for event in events) == list(range(1, 2001))
    assert len({event["id"] for event in events}) == 2000
    assert len({event["producer"] for event in events}) == 1


def test_nothing_is_lost_between_threads_that_record_and_one_that_takes():
    recording, taken = Recording("score", "meterbook"), []

    def work(_):
        for _ in range(4000):
            recording.keep(str(next(recording.numbers)))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            working = [pool.submit(work, each) for each in range(4)]
            while not all(each.done() for each in working):
                taken.append(recording.take())
    finally:
        sys.setswitchinterval(before)
    taken = [each for each in [*taken, recording.take()] if each]
    assert sorted(int(text) for each in taken for text in each.events) == list(range(1, 16_001))
    last = 0
    for each in taken:
        assert (each.first, each.last) == (last + 1, last + len(each.events))
        last = each.last


def test_messages_worked_in_parallel_keep_their_own_ids(meter, cloud):
    def work(message):
        with meter.message(message):
            return [meter.record("a", tenant_id="t", quantity=1) for _ in range(3)]

    @meter.handler
    def handler(event, context):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(work, event["Records"]))

    records = [sqs(f"m-{i}") for i in range(20)]
    once = handler({"Records": records}, None)
    again = handler({"Records": records[::-1]}, None)[::-1]
    assert once == again
    assert len({each for ids in once for each in ids}) == 60


COPIED = """
import ctypes, os, sys
from meterbook_usage import UsageMeter
from meterbook_usage.recording import Recording

meter = UsageMeter("MOD-1", function="score")
meter.record("init", tenant_id="t", quantity=1)

@meter.handler
def handler(event, context):
    meter.record("call", tenant_id="t", quantity=1)

for _ in range(2):
    if (copy := FORK()) == 0:
        handler({}, None)
        os._exit(0)
    os.waitpid(copy, 0)
handler({}, None)
"""


def told_by_copies(tmp_path, fork):
    """What a process that recorded at its import and its two copies say: (at import, later)."""
    program = tmp_path / "host.py"
    program.write_text(COPIED.replace("FORK", fork), "utf-8")
    done = subprocess.run(
        [sys.executable, program],
        capture_output=True, text=True, check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    details = [line["detail"] for line in lines if "detail" in line]
    events = [{"producer": d["producer"]} | event for d in details for event in d["events"]]
    return ([event for event in events if event["type"] == kind] for kind in ("init", "call"))


def test_clones_of_a_snapshot_are_producers_of_their_own(tmp_path):
    """SnapStart copies a process after its import, and the process does not notice.

    So does the C library's fork, of which Python does not know.
    """
    at_import, later = told_by_copies(tmp_path, "ctypes.PyDLL(None).fork")
    assert len(at_import) == 3, "each clone has it,"
    assert len({(each["id"], each["producer"], each["sequence"]) for each in at_import}) == 1
    assert len({each["producer"] for each in [*at_import[:1], *later]}) == 4
    assert [each["sequence"] for each in later] == ["1"] * 3


def test_a_fork_is_a_producer_of_its_own_and_leaves_to_its_parent_what_waited(tmp_path):
    at_import, later = told_by_copies(tmp_path, "os.fork")
    assert len(at_import) == 1
    assert len({each["producer"] for each in later}) == 3


# -------------------------------------------------------------------------------------- the host


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), StopIteration(3)])
def test_a_handler_that_raises_raises_the_same_and_what_it_recorded_is_sent(meter, cloud, error):
    @meter.handler
    def handler(event, context):
        meter.record("a", tenant_id="t", quantity=1)
        raise error

    with pytest.raises(type(error)) as raised:
        handler({}, None)
    assert raised.value is error
    assert len(cloud.on_the_bus()) == 1


def test_a_handler_keeps_its_name_its_arguments_and_its_answer(meter):
    @meter.handler
    def score(event, context):
        """Score."""
        return event, context

    event, context = {}, object()
    returned = score(event, context)
    assert returned[0] is event and returned[1] is context
    assert (score.__name__, score.__doc__) == ("score", "Score.")


@pytest.mark.parametrize("context", [None, MagicMock(), "context", SimpleNamespace()])
def test_any_context_will_do_as_unit_tests_of_hosts_have_them(meter, cloud, context):
    meter.handler(lambda *_: meter.record("a", tenant_id="t", quantity=1))({}, context)
    assert len(cloud.on_the_bus()) == 1


def test_a_context_that_breaks_breaks_nothing(meter, cloud, said):
    class Broken:
        def get_remaining_time_in_millis(self):
            raise RuntimeError("no time")

    handler = meter.handler(lambda *_: meter.record("a", tenant_id="t", quantity=1))
    handler({}, Broken())
    assert len(cloud.on_the_bus()) == 1
    assert {line["reason"] for line in said() if "level" in line} == {"RuntimeError"}


def test_another_host_flushes_when_its_block_ends(meter, cloud):
    with pytest.raises(ValueError, match="mine"), meter as same:
        assert same is meter
        first = meter.record("a", tenant_id="t", quantity=1)
        meter.flush()
        second = meter.record("a", tenant_id="t", quantity=1)
        raise ValueError("mine")
    assert [event["id"] for event in cloud.on_the_bus()] == [first, second]
    assert first != second, "without a trigger a process never says an id twice"


def test_what_waits_is_sent_before_lambda_stops_a_host_that_is_too_slow(meter, cloud, new_context):
    """The layer's own thread sends it while the host is still at work."""
    sent = threading.Event()
    put = cloud.answer
    cloud.answer = lambda *asked: (put(*asked), sent.set())[0]

    @meter.handler
    def slow(event, context):
        meter.record("a", tenant_id="t", quantity=1)
        assert sent.wait(30), "nothing was sent while the host was at work"

    slow({}, new_context(milliseconds=100))
    assert len(cloud.on_the_bus()) == 1


def test_the_environment_says_where_usage_goes(monkeypatch, cloud, server):
    for name, value in {
        "METERBOOK_USAGE_MODULE": "MOD-007",
        "METERBOOK_USAGE_BUS": "platform",
        "METERBOOK_USAGE_SOURCE": "bank.usage",
        "METERBOOK_USAGE_DEADLINE_SECONDS": "30",
        "AWS_LAMBDA_FUNCTION_NAME": "pay",
    }.items():
        monkeypatch.setenv(name, value)
    with UsageMeter() as meter:
        meter.record("a", tenant_id="t", quantity=1)
    assert cloud.on_the_bus()[0]["source"] == "/MOD-007/pay"
    assert (cloud.entries[0]["EventBusName"], cloud.entries[0]["Source"]) == (
        "platform",
        "bank.usage",
    )


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "0"])
def test_a_deadline_that_is_none_is_two_seconds(text):
    from meterbook_usage.settings import Settings  # noqa: PLC0415

    read = Settings.from_environment({"METERBOOK_USAGE_DEADLINE_SECONDS": text})
    assert read.deadline_seconds == 2


def test_importing_the_layer_imports_no_boto3_and_nothing_of_ours():
    """How long it takes is printed (`pytest -rP`), and judged by nobody but a reader."""
    program = """
import sys, time
begun = time.process_time()
import meterbook_usage
print((time.process_time() - begun) * 1000, *sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True, text=True, check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    milliseconds, *names = done.stdout.split()
    print(f"imported in {milliseconds} ms of CPU")
    roots = {name.partition(".")[0] for name in names}
    assert not roots & {"boto3", "botocore", "urllib3", "meterbook", "meterbook_plugs"}
    assert roots - sys.stdlib_module_names == {"__main__", "meterbook_usage"}
