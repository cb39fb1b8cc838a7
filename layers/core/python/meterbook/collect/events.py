"""From what stands on a line to the CloudEvents that are landed, packed as EventBridge packs them.

Nothing is judged here: a quantity of `1,5` or a time that is none travels as the text it was, and
SQL gives the reason why it is not billed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from meterbook.canonical import canonical_json
from meterbook.collect.mapping import MetricRule, TimeRule, UsageMapping
from meterbook.collect.readings import Reading
from meterbook.mappingfile import Term

EVENTS_PER_PACK = 100
_LONGEST_RAW = 1000
_PACK_CHARACTERS = 2 * 2**20
_WITHOUT_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?", re.ASCII)

Event = dict[str, Any]


def events_of(readings: Iterable[Reading], mapping: UsageMapping, identity: str) -> Iterator[Event]:
    """The events of the readings; one that cannot be read becomes an event that says so."""
    for reading in readings:
        if isinstance(reading.content, dict):
            yield from _mapped(reading, mapping, identity)
        elif isinstance(reading.content, list):
            for ordinal, event in enumerate(reading.content, 1):
                known = isinstance(event, dict) and _text(event, "id") and _text(event, "source")
                place = f"{reading.first_line}:{ordinal}"
                yield (
                    event if known else _malformed(canonical_json(event), place, mapping, identity)
                )
        else:
            yield _malformed(reading.raw, f"{reading.first_line}", mapping, identity)


def packs(
    events: Iterable[Event], delivery_id: str, landed_at: datetime
) -> Iterator[dict[str, object]]:
    """Landing rows: envelopes of at most `EVENTS_PER_PACK` events, numbered in their delivery."""
    for number, part in enumerate(_parts(events), 1):
        yield {
            "version": "0",
            "id": f"{delivery_id}:{number}",
            "detail-type": "usage_recorded",
            "source": "meterbook.import",
            "time": f"{landed_at:%Y-%m-%dT%H:%M:%SZ}",
            "detail": {"count": len(part), "events": part},
        }


def _parts(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events by the pack: few enough, and small enough together to be one row of a warehouse."""
    part: list[Event] = []
    length = 0
    for event in events:
        part.append(event)
        length += len(str(event))
        if len(part) == EVENTS_PER_PACK or length > _PACK_CHARACTERS:
            yield part
            part, length = [], 0
    if part:
        yield part


def _mapped(reading: Reading, mapping: UsageMapping, identity: str) -> Iterator[Event]:
    fields = reading.content
    assert isinstance(fields, dict)  # noqa: S101 - the caller has looked
    own_id = fields.get(mapping.event_id) or f"{identity}:{reading.first_line}"
    common = {
        "specversion": "1.0",
        "source": _source(_value(mapping.module, fields), mapping.source),
        "subject": _value(mapping.tenant, fields),
        "time": _time(mapping.time, fields.get(mapping.time.column, "")),
    }
    common = {key: text for key, text in common.items() if text}
    attributes = {name: fields[column] for name, column in mapping.attributes if column in fields}
    for rule in mapping.metrics:
        if rule.quantity.value or rule.quantity.column in fields:
            data = _data(rule, fields, mapping) | ({"attributes": attributes} if attributes else {})
            yield common | {"id": f"{own_id}:{rule.metric}", "type": rule.metric, "data": data}


def _data(rule: MetricRule, fields: Mapping[str, str], mapping: UsageMapping) -> dict[str, object]:
    data: dict[str, object] = {"quantity": _value(rule.quantity, fields)}
    if unit := _value(rule.unit, fields):
        data["unit"] = unit
    if reversed_id := fields.get(mapping.reverses):
        # A line is named as `event_id` names it; its event carries the metric behind that.
        data["reverses"] = f"{reversed_id.removesuffix(f':{rule.metric}')}:{rule.metric}"
    return data


def _value(term: Term, fields: Mapping[str, str]) -> str:
    return term.value or fields.get(term.column, "")


def _text(event: dict[str, Any], key: str) -> bool:
    return isinstance(event.get(key), str) and event[key] != ""


def _malformed(raw: str, place: str, mapping: UsageMapping, identity: str) -> Event:
    return {
        "id": f"{identity}:{place}:malformed",
        "source": _source("", mapping.source),
        "malformed": raw.rstrip("\r\n")[:_LONGEST_RAW],
    }


@lru_cache(maxsize=4096)
def _source(module: str, source: str) -> str:
    """The CloudEvents source; what would break its path is percent-encoded, ids stay the same."""
    return f"/{quote(module or 'unknown', safe=':')}/{source}"


@lru_cache(maxsize=4096)
def _time(rule: TimeRule, text: str) -> str:
    """ISO 8601 with the offset as found; text that the rule cannot read stays as it is."""
    if not rule.format:
        return _in_utc(text) if rule.zone else text
    try:
        moment = datetime.strptime(text, rule.format)  # noqa: DTZ007 - naive stays naive
    except ValueError:
        return text
    if moment.utcoffset() is None:
        return moment.isoformat() + ("Z" if rule.zone else "")
    if moment.utcoffset() == timedelta(0):
        return moment.replace(tzinfo=None).isoformat() + "Z"
    return moment.isoformat()


def _in_utc(text: str) -> str:
    match = _WITHOUT_OFFSET.fullmatch(text)
    return f"{match[1]}T{match[2] or '00:00:00'}Z" if match else text
