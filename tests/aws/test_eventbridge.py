"""What EventBridge owes beyond the contract of buses: what it is sent, how often, and how large."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from aws.moto_cloud import AT_ONCE, Fault, Wire, aws_error, disturb, new_client
from meterbook.aws.eventbridge import ENTRY_BYTES_BELOW, EventBridge, entry_bytes
from meterbook.canonical import canonical_json
from meterbook.errors import EventTooLarge, PublishFailed
from meterbook.ports import Announcement

NOT_TAKEN = Fault(
    200,
    """{"FailedEntryCount": 1, "Entries":
    [{"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}]}""",
)


def event(**detail):
    moment = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    return Announcement("id-1", "meterbook", "invoice_issued", moment, detail)


def a_bus(*deeds):
    wire, events = Wire(), new_client("events")
    return EventBridge(events, "wire", AT_ONCE), disturb(events, "PutEvents", *deeds), wire


def entry_in(request):
    (entry,) = json.loads(request.body)["Entries"]
    return entry


def test_the_detail_is_canonical_json_and_the_id_is_the_one_resource():
    bus, sent, _ = a_bus()
    detail = {"total": "10.00", "number": "É-1", "tenants": ["b", "a"]}
    bus.publish(event(**detail))
    (entry,) = map(entry_in, sent)
    assert entry["Detail"] == canonical_json(detail)
    assert entry["Resources"] == ["id-1"]


def test_an_entry_that_was_not_taken_is_sent_again_with_the_same_id():
    bus, sent, wire = a_bus(NOT_TAKEN, NOT_TAKEN)
    bus.publish(event(number="1"))
    assert [entry_in(request) for request in sent] == [entry_in(sent[0])] * 3
    assert [one["resources"] for one in wire.envelopes()] == [["id-1"]]


def test_an_entry_that_is_never_taken_is_an_error_that_may_be_tried_again():
    bus, sent, wire = a_bus(*[NOT_TAKEN] * 9)
    with pytest.raises(PublishFailed, match="ThrottlingException: Rate exceeded") as refused:
        bus.publish(event())
    assert (refused.value.code, refused.value.retryable) == ("EVENTBRIDGE_PUBLISH_FAILED", True)
    assert len(sent) == len(AT_ONCE) + 1
    assert wire.envelopes() == []


def test_a_request_that_fails_whole_is_left_to_the_retries_of_the_client():
    bus, sent, _ = a_bus(aws_error(500, "InternalException"))
    with pytest.raises(PublishFailed, match="InternalException"):
        bus.publish(event())
    assert len(sent) == 1


def test_an_entry_is_measured_as_aws_measures_it():
    entry = {"Source": "é", "DetailType": "ab", "Detail": "{}", "Resources": ["xyz"]}
    assert entry_bytes(entry) == 14 + 2 + 2 + 2 + 3


@pytest.mark.parametrize("letter", ["x", "é", "𝄞"])
def test_an_entry_of_256_kb_is_refused_before_it_is_sent_and_one_byte_less_is_not(letter):
    """AWS would refuse it; moto takes an entry of any size."""
    bus, sent, wire = a_bus()
    rest = 14 + len("meterbook") + len("invoice_issued") + len("id-1") + len('{"a":"","b":""}')
    letters, odd = divmod(ENTRY_BYTES_BELOW - rest, len(letter.encode()))
    with pytest.raises(EventTooLarge) as refused:
        bus.publish(event(a=letter * letters, b="b" * odd))
    assert (refused.value.code, refused.value.retryable) == ("EVENTBRIDGE_PUBLISH_FAILED", False)
    assert sent == []
    bus.publish(event(a=letter * (letters - 1), b="b" * (odd + len(letter.encode()) - 1)))
    assert len(wire.envelopes()) == 1
