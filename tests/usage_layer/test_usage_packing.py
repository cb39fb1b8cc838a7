"""Packs are as AWS counts them: 64 KB by default, below 256 KB always, and every event is in one."""

from __future__ import annotations

import json
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterbook_usage.packing import (
    CALL_BYTES_BELOW,
    CALL_ENTRIES,
    ENTRY_BYTES_BELOW,
    PACK_BYTES,
    Pack,
    call_of,
    pack,
)

SOURCE = "meterbook"
PRODUCER = "score/1"
FRAME = len(f'{SOURCE}usage_recorded{{"count":0,"producer":"{PRODUCER}","events":[]}}')


def aws_bytes(entry):
    """How AWS counts an entry, after its user guide."""
    size = 14 if "Time" in entry else 0
    size += len(entry["Source"].encode()) + len(entry["DetailType"].encode())
    size += len(entry["Detail"].encode())
    return size + sum(len(each.encode()) for each in entry.get("Resources", []))


def entry_of(packed):
    return {"Source": SOURCE, "DetailType": "usage_recorded", "Detail": packed.detail}


def text_of(size):
    """An event of so many bytes, quotes included."""
    return json.dumps("x" * (size - 2))


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 262_143])
def test_an_entry_counts_what_aws_counts(size):
    (packed,) = pack([text_of(max(2, size - FRAME))], SOURCE, PRODUCER)
    assert packed.entry_bytes == aws_bytes(entry_of(packed)) == max(size, FRAME + 2)


@pytest.mark.parametrize(("size", "entries"), [(65_535, 1), (65_536, 1), (65_537, 2)])
def test_two_events_share_an_entry_up_to_64_kb(size, entries):
    events = [text_of(1000), text_of(size - FRAME - 1000 - len(","))]
    packs = list(pack(events, SOURCE, PRODUCER))
    assert len(packs) == entries
    if entries == 1:
        assert aws_bytes(entry_of(packs[0])) == size


@pytest.mark.parametrize("many", [9, 10, 99, 100, 999, 1000])
def test_the_digits_of_the_count_are_counted(many):
    """An entry that is full to the byte, for counts of one digit and more."""
    rest = PACK_BYTES - FRAME - (len(str(many)) - 1) - (many - 1)
    sizes = [rest // many] * (many - 1)
    events = [text_of(size) for size in [*sizes, rest - sum(sizes)]]
    (packed,) = pack(events, SOURCE, PRODUCER)
    assert packed.entry_bytes == aws_bytes(entry_of(packed)) == PACK_BYTES
    events[0] = text_of(len(events[0]) + 1)
    assert len(list(pack(events, SOURCE, PRODUCER))) == 2


@given(st.lists(st.integers(2, 90_000), max_size=12), st.text("sø", max_size=4))
def test_every_event_is_in_one_pack_in_order_and_no_pack_of_several_is_too_large(sizes, source):
    events = [text_of(size) for size in sizes]
    packs = list(pack(events, source, PRODUCER))
    told = [json.loads(each.detail) for each in packs]
    assert [json.dumps(event) for detail in told for event in detail["events"]] == events
    for packed, detail in zip(packs, told, strict=True):
        assert detail["count"] == len(detail["events"]) >= 1
        assert packed.entry_bytes == aws_bytes({**entry_of(packed), "Source": source})
        assert packed.entry_bytes <= PACK_BYTES or detail["count"] == 1


@given(st.lists(st.integers(30, ENTRY_BYTES_BELOW - 1), max_size=40))
def test_a_call_has_at_most_ten_entries_and_stays_below_256_kb(sizes):
    packs = [Pack(str(i), size) for i, size in enumerate(sizes)]
    waiting, calls = deque(packs), []
    while waiting:
        calls.append(call_of(waiting))
    assert [each for call in calls for each in call] == packs
    for call in calls:
        assert 1 <= len(call) <= CALL_ENTRIES
        assert sum(each.entry_bytes for each in call) < CALL_BYTES_BELOW


@pytest.mark.parametrize(
    ("size", "travels"), [(65_536, True), (262_143, True), (262_144, False), (262_145, False)]
)
def test_an_event_that_no_entry_can_hold_is_refused_aloud_and_leaves_a_gap(
    meter, cloud, said, size, travels
):
    meter.record("a", tenant_id="t", quantity=1, attributes={"x": ""})
    meter.flush()
    letters = size - aws_bytes(cloud.entries[0])
    meter.record("a", tenant_id="t", quantity=1, attributes={"x": "z" * letters})
    meter.record("a", tenant_id="t", quantity=1)
    meter.flush()
    sequences = {event["sequence"] for event in cloud.on_the_bus()}
    assert sequences == ({"1", "2", "3"} if travels else {"1", "3"})
    sizes = [aws_bytes(entry) for entry in cloud.entries]
    assert max(sizes) == (size if travels else sizes[0])
    lines = said()
    refused = [line for line in lines if line.get("message") == "usage_event_refused"]
    assert [(line["reason"], line["sequence"]) for line in refused] == (
        [] if travels else [("too_large", "2")]
    )
    recorded = [line["UsageEventsRecorded"] for line in lines if "_aws" in line]
    assert sum(recorded) == 3  # one that is as large as a call leaves without waiting
    assert "zzz" not in json.dumps(lines)
