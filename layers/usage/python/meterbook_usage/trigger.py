"""What set the work off: its own id and time, which stay the same when it is delivered again.

An event's id follows from them, so a retried invocation, a redelivered message and a replayed
stream record tell the book nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from meterbook_usage.moment import moment
from meterbook_usage.texts import time_text

# The units of AWS's counts since 1970, in microseconds.
_MILLISECOND, _SECOND = 1_000, 1_000_000


class Trigger(NamedTuple):
    """The id and the time that a trigger bears; `time` is '' when it bears none."""

    id: str
    time: str = ""


def trigger_of(event: object, context: object) -> Trigger:
    """What set an invocation off: the batch, the request or the event, else the invocation itself.

    A batch that is retried whole has the same id again; one put together anew has another.
    """
    known = _batch(at(event, "Records")) or _request(event) or _bus_event(event)
    return known or Trigger(f"invocation:{getattr(context, 'aws_request_id', '')}")


def trigger_of_record(record: object) -> Trigger | None:
    """What a record of a batch bears itself, None when it is of no kind that we know."""
    readings = (_sqs, _kinesis, _dynamodb, _sns, _s3)
    return next((known for reading in readings if (known := reading(record))), None)


def at(value: object, *path: str | int) -> Any:  # noqa: ANN401 - it may be anything
    """What stands at a path of keys and positions, None where there is nothing. Never raises."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, (list, tuple)) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _batch(records: object) -> Trigger | None:
    if not isinstance(records, Sequence) or not records:
        return None
    known = [each for each in map(trigger_of_record, records) if each]
    if len(known) != len(records):
        return None
    if len(known) == 1:
        return known[0]
    ids = "\n".join(each.id for each in known).encode(errors="backslashreplace")
    return Trigger(f"batch:{hashlib.sha256(ids).hexdigest()}", min(each.time for each in known))


def _sqs(record: object) -> Trigger | None:
    if not (name := at(record, "messageId")):
        return None
    return Trigger(f"sqs:{name}", _since(at(record, "attributes", "SentTimestamp"), _MILLISECOND))


def _kinesis(record: object) -> Trigger | None:
    told = at(record, "kinesis")
    # The event id is the shard and the sequence number, which is unique in its shard only.
    if not (name := told and (at(record, "eventID") or at(told, "sequenceNumber"))):
        return None
    return Trigger(f"kinesis:{name}", _since(at(told, "approximateArrivalTimestamp"), _SECOND))


def _dynamodb(record: object) -> Trigger | None:
    told = at(record, "dynamodb")
    if not (number := at(told, "SequenceNumber")):
        return None
    name = f"dynamodb:{at(record, 'eventSourceARN')}:{number}"
    return Trigger(name, _since(at(told, "ApproximateCreationDateTime"), _SECOND))


def _sns(record: object) -> Trigger | None:
    if not (name := at(record, "Sns", "MessageId")):
        return None
    return Trigger(f"sns:{name}", _read(at(record, "Sns", "Timestamp")))


def _s3(record: object) -> Trigger | None:
    if not (order := at(record, "s3", "object", "sequencer")):
        return None
    place = f"{at(record, 's3', 'bucket', 'name')}/{at(record, 's3', 'object', 'key')}"
    name = f"s3:{at(record, 'eventName')}:{place}:{order}"
    return Trigger(name, _read(at(record, "eventTime")))


def _request(event: object) -> Trigger | None:
    told = at(event, "requestContext")
    if at(told, "elb") is not None:
        return _balanced_request(event)
    if not (name := at(told, "extendedRequestId") or at(told, "requestId")):
        return None
    since = at(told, "requestTimeEpoch") or at(told, "timeEpoch")
    # A caller may choose requestId by a header; the gateway's time still tells two requests apart.
    return Trigger(f"request:{name}:{since}", _since(since, _MILLISECOND))


def _balanced_request(event: object) -> Trigger | None:
    header = "x-amzn-trace-id"  # to what a caller sent, the load balancer adds an id of its own
    name = at(event, "headers", header) or at(event, "multiValueHeaders", header, 0)
    return Trigger(f"alb:{name}") if name else None


def _bus_event(event: object) -> Trigger | None:
    if not (at(event, "detail-type") and (name := at(event, "id"))):
        return None
    return Trigger(f"event:{name}", _read(at(event, "time")))


def _read(told: object) -> str:
    """The moment that a text tells with its offset, '' when there is none."""
    try:
        read = datetime.fromisoformat(str(told))
        return time_text(read) if read.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def _since(count: object, unit: int) -> str:
    """The moment that is so many units after 1970, '' when there is none."""
    try:
        return moment(round(float(str(count)) * unit) * 1_000)
    except (ValueError, OverflowError, OSError):
        return ""
