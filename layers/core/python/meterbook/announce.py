"""Announcements: each fact is told once, under an id that follows from the fact.

    announcements/<event id>.json      what was published, put after the publish and only if absent

A crash between the two tells the fact twice with one id, never not at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from meterbook.canonical import canonical_json, sha256
from meterbook.ports import Announcement, EventBus, ObjectStore

PREFIX = "announcements/"


def event_id(detail_type: str, *facts: str) -> str:
    """Derive an id from what makes a fact this one: the same facts give the same id for ever."""
    return sha256(canonical_json([detail_type, *facts]))[:32]


def announce(bus: EventBus, store: ObjectStore, event: Announcement) -> bool:
    """Publish an event unless that was done before; say whether this call did it."""
    if _is_there(store, _key(event)):
        return False
    bus.publish(event)
    store.put_if_absent(_key(event), _record(event))
    return True


def announce_all(bus: EventBus, store: ObjectStore, events: Iterable[Announcement]) -> int:
    """Announce what has not been announced yet, asking the store once; return how many were new."""
    told = set(store.keys(PREFIX))
    return sum(announce(bus, store, event) for event in events if _key(event) not in told)


def _key(event: Announcement) -> str:
    return f"{PREFIX}{event.event_id}.json"


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.get(key)
    except KeyError:
        return False
    return True


def _record(event: Announcement) -> bytes:
    record = {
        "event_id": event.event_id,
        "source": event.source,
        "detail_type": event.detail_type,
        "time": event.time,
        "detail": dict(event.detail),
    }
    return canonical_json(record).encode() + b"\n"
