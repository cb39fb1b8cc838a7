"""Work that is done again records the same ids and the same payload, whatever set it off."""

from __future__ import annotations

import copy

import pytest
from meterbook_usage.trigger import trigger_of, trigger_of_record


def sqs(name="m-1", sent="1792843200123"):
    return {
        "messageId": name, "receiptHandle": "changes", "body": "{}", "eventSource": "aws:sqs",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent},
    }  # fmt: skip


def kinesis(number="495903382714902566", shard="shardId-000000000006"):
    return {
        "eventSource": "aws:kinesis", "eventID": f"{shard}:{number}",
        "eventSourceARN": "arn:aws:kinesis:eu-west-2:123456789012:stream/clicks",
        "kinesis": {"sequenceNumber": number, "data": "e30=", "partitionKey": "1",
                    "approximateArrivalTimestamp": 1792843200.123},
    }  # fmt: skip


def dynamodb(number="111", table="orders"):
    return {
        "eventSource": "aws:dynamodb", "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventSourceARN": f"arn:aws:dynamodb:eu-west-2:123456789012:table/{table}/stream/2026",
        "dynamodb": {"SequenceNumber": number, "ApproximateCreationDateTime": 1792843200.0,
                     "Keys": {"Id": {"N": "101"}}},
    }  # fmt: skip


def sns(name="95df01b4"):
    told = {"MessageId": name, "Message": "{}", "Timestamp": "2026-10-24T12:00:00.123Z"}
    return {"EventSource": "aws:sns", "EventSubscriptionArn": "arn", "Sns": told}


def s3(sequencer="0A1B2C3D4E5F678901"):
    return {
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "eventTime": "2026-10-24T12:00:00.123Z",
        "responseElements": {"x-amz-request-id": "changes"},
        "s3": {"bucket": {"name": "in"}, "object": {"key": "a.csv", "sequencer": sequencer}},
    }  # fmt: skip


def request(**told):
    return {"headers": {}, "body": "{}", "requestContext": told}


# What one trigger looks like, and another of the same kind.
TRIGGERS = {
    "sqs": ({"Records": [sqs()]}, {"Records": [sqs("m-2")]}),
    "kinesis": ({"Records": [kinesis()]}, {"Records": [kinesis("495903382714902567")]}),
    "kinesis shard": (
        {"Records": [kinesis()]},
        {"Records": [kinesis(shard="shardId-000000000007")]},
    ),
    "dynamodb": ({"Records": [dynamodb()]}, {"Records": [dynamodb("112")]}),
    "dynamodb table": ({"Records": [dynamodb()]}, {"Records": [dynamodb(table="carts")]}),
    "sns": ({"Records": [sns()]}, {"Records": [sns("95df01b5")]}),
    "s3": ({"Records": [s3()]}, {"Records": [s3("0A1B2C3D4E5F678902")]}),
    "batch": ({"Records": [sqs(), sqs("m-2")]}, {"Records": [sqs("m-2"), sqs("m-3")]}),
    "eventbridge": (
        {"id": "e-1", "detail-type": "order_placed", "time": "2026-10-24T12:00:00Z", "detail": {}},
        {"id": "e-2", "detail-type": "order_placed", "time": "2026-10-24T12:00:00Z", "detail": {}},
    ),
    "api v1": (
        request(extendedRequestId="x-1", requestId="chosen", requestTimeEpoch=1792843200123),
        request(extendedRequestId="x-2", requestId="chosen", requestTimeEpoch=1792843200123),
    ),
    "api v2": (
        request(requestId="q-1", timeEpoch=1792843200123, http={"method": "POST"}),
        request(requestId="q-2", timeEpoch=1792843200123, http={"method": "POST"}),
    ),
    "function url": (
        request(requestId="u-1", timeEpoch=1792843200123, domainName="x.lambda-url.on.aws"),
        request(requestId="u-2", timeEpoch=1792843200123, domainName="x.lambda-url.on.aws"),
    ),
    "a request id that the caller chose": (
        request(requestId="chosen", timeEpoch=1792843200123),
        request(requestId="chosen", timeEpoch=1792843200124),
    ),
    "alb": (
        {"requestContext": {"elb": {}}, "headers": {"x-amzn-trace-id": "Root=1-a"}},
        {"requestContext": {"elb": {}}, "headers": {"x-amzn-trace-id": "Self=1-b;Root=1-a"}},
    ),
    "alb with many headers": (
        {"requestContext": {"elb": {}}, "multiValueHeaders": {"x-amzn-trace-id": ["Root=1-a"]}},
        {"requestContext": {"elb": {}}, "multiValueHeaders": {"x-amzn-trace-id": ["Root=1-b"]}},
    ),
}
kinds = pytest.mark.parametrize("kind", TRIGGERS)


def worked(meter, cloud, event, context):
    """What a host's work of three operations puts on the bus."""
    cloud.bus.clear()

    @meter.handler
    def handler(event, context):
        meter.record("api_calls", tenant_id="acme", quantity=1)
        meter.record("api_calls", tenant_id="acme", quantity=2)
        meter.record("api_calls", tenant_id="globex", quantity=1)

    handler(event, context)
    return [{**each, "producer": "", "sequence": ""} for each in cloud.on_the_bus()]


@kinds
def test_an_invocation_that_is_retried_records_the_same_events(
    kind, meter, new_meter, cloud, new_context
):
    """In the same process and in another, and though Lambda numbers the invocation anew."""
    event, _ = TRIGGERS[kind]
    first = worked(meter, cloud, event, new_context("r-1"))
    again = worked(meter, cloud, copy.deepcopy(event), new_context("r-2"))
    elsewhere = worked(new_meter(), cloud, copy.deepcopy(event), new_context("r-3"))
    assert len({each["id"] for each in first}) == 3
    assert [each["id"] for each in first] == [each["id"] for each in again]
    if kind.startswith("alb"):  # a load balancer tells no time, so the clock's is taken
        again = elsewhere = first
    assert first == again == elsewhere


@kinds
def test_another_trigger_records_other_ids(kind, meter, cloud, new_context):
    first, second = (worked(meter, cloud, event, new_context()) for event in TRIGGERS[kind])
    assert not {each["id"] for each in first} & {each["id"] for each in second}


@pytest.mark.parametrize("event", [{}, None, [], "text", 7, {"Records": []}, {"Records": "?"}])
def test_an_invocation_without_a_trigger_of_its_own_goes_by_its_request_id(event, new_context):
    """Lambda keeps the request id when it retries an asynchronous invocation."""
    assert trigger_of(event, new_context("r-9")).id == "invocation:r-9"


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{}]},
        {"Records": [sqs(), {}]},
        {"Records": [{"s3": None, "Sns": 3, "kinesis": [], "dynamodb": "x"}]},
        {"requestContext": None, "id": "no event of a bus"},
        {"requestContext": {"elb": {}}},
    ],
)
def test_what_looks_like_a_trigger_and_is_none_is_none(event, new_context):
    assert trigger_of(event, new_context("r-9")).id == "invocation:r-9"


@pytest.mark.parametrize(
    ("record", "time"),
    [
        (sqs(), "2026-10-24T12:00:00.123000Z"),
        (kinesis(), "2026-10-24T12:00:00.123000Z"),
        (dynamodb(), "2026-10-24T12:00:00.000000Z"),
        (sns(), "2026-10-24T12:00:00.123000Z"),
        (s3(), "2026-10-24T12:00:00.123000Z"),
        ({**s3(), "eventTime": "2026-10-24T12:00:00"}, ""),
        ({**s3(), "eventTime": "\0"}, ""),
        (sqs(sent="soon"), ""),
        (sqs(sent="9" * 30), ""),
    ],
)
def test_the_time_is_when_the_work_was_asked_for(record, time):
    assert trigger_of_record(record).time == time


def batches(meter, cloud, *batches_, handler=None):
    """What a host records that goes through its batches message by message."""
    cloud.bus.clear()

    @meter.handler
    def each_message(event, context):
        for message in meter.each(event["Records"]):
            meter.record("api_calls", tenant_id="acme", quantity=len(message))

    for records in batches_:
        (handler or each_message)({"Records": records}, None)
    return [event["id"] for event in cloud.on_the_bus()]


@pytest.mark.parametrize("record", [sqs, kinesis, dynamodb, sns, s3])
def test_a_record_has_the_same_ids_in_whatever_batch_it_comes_again(record, meter, cloud):
    first, second, third = (record(f"m-{i}") for i in range(3))
    once = batches(meter, cloud, [first, second, third])
    again = batches(meter, cloud, [third], [second, first])
    assert len(set(once)) == 3
    assert sorted(once) == sorted(again)


def test_a_message_worked_alone_without_each_has_the_ids_it_has_with_each(meter, cloud):
    @meter.handler
    def alone(event, context):
        meter.record("api_calls", tenant_id="acme", quantity=1)

    assert batches(meter, cloud, [sqs()], handler=alone) == batches(meter, cloud, [sqs()])


def test_a_batch_worked_without_each_has_the_same_ids_when_it_is_retried_whole(meter, cloud):
    """A Kinesis batch comes again as it was; a queue may put its messages together otherwise."""

    @meter.handler
    def whole(event, context):
        meter.record("api_calls", tenant_id="acme", quantity=3)

    batch = [kinesis("1"), kinesis("2")]
    once = batches(meter, cloud, batch, handler=whole)
    assert batches(meter, cloud, batch, handler=whole) == once
    assert batches(meter, cloud, batch[:1], handler=whole) != once


def test_a_message_looked_at_twice_in_an_invocation_goes_on_counting(meter, cloud):
    @meter.handler
    def twice(event, context):
        for _ in range(2):
            for _message in meter.each(event["Records"]):
                meter.record("api_calls", tenant_id="acme", quantity=1)

    once = batches(meter, cloud, [sqs("m-1"), sqs("m-2")], handler=twice)
    assert len(set(once)) == 4


def test_after_the_loop_and_after_a_break_the_invocation_is_meant_again(meter, cloud):
    @meter.handler
    def stops(event, context):
        before = meter.record("api_calls", tenant_id="acme", quantity=1)
        for _message in meter.each(event["Records"]):
            break
        after = meter.record("api_calls", tenant_id="acme", quantity=1)
        assert before.split("-")[0] == after.split("-")[0]

    assert len(set(batches(meter, cloud, [sqs("m-1"), sqs("m-2")], handler=stops))) == 2


def test_a_message_that_failed_leaves_nothing_to_the_next_invocation(
    meter, new_meter, cloud, new_context
):
    @meter.handler
    def fails(event, context):
        half_done = meter.each(event["Records"])
        next(half_done)
        raise ValueError("poison")

    with pytest.raises(ValueError, match="poison") as kept:  # and with it what is half done
        fails({"Records": [sqs()]}, None)
    after = worked(meter, cloud, {}, new_context("r-1"))
    clean = worked(new_meter(), cloud, {}, new_context("r-1"))
    assert [each["id"] for each in after] == [each["id"] for each in clean]
    assert kept.value
