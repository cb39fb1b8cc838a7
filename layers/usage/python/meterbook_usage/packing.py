"""Usage events, packed: many in one EventBridge entry, sized as AWS counts them.

An entry counts the bytes of its source, detail type and detail (and 14 more when it names a time,
which ours leave to EventBridge), and must stay below 256 KB; so must a call of up to ten.
EventBridge bills by pieces of 64 KB, which is why a pack is no larger unless one event is.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

DETAIL_TYPE = "usage_recorded"
PACK_BYTES = 64 * 1024
ENTRY_BYTES_BELOW = CALL_BYTES_BELOW = 256 * 1024
CALL_ENTRIES = 10
# Events of so many bytes are four full packs and one call: what is sent off before it need wait.
SEND_OFF_BYTES = CALL_BYTES_BELOW - 4096


class Pack(NamedTuple):
    """The detail of one entry, and what the entry counts; all of it is ASCII."""

    detail: str
    entry_bytes: int


def pack(events: Iterable[str], source: str, producer: str) -> Iterator[Pack]:
    """Pack the JSON texts of events, in their order, into as few entries as it takes.

    The producer, which is one for all of them, is said once a pack.
    """
    frame = _frame_bytes(source, producer)
    nearly = PACK_BYTES - 8  # before, the digits need not be looked at
    waiting: list[str] = []
    size = frame
    for event in events:
        # A comma for each event but the first, and a digit more of the count at 10, 100, …
        longer = size + len(event) + 1
        if longer > nearly and waiting and longer + len(str(len(waiting) + 1)) - 2 > PACK_BYTES:
            yield _packed(waiting, source, producer)
            waiting, longer = [], frame + len(event) + 1
        waiting.append(event)
        size = longer
    if waiting:
        yield _packed(waiting, source, producer)


def longest_event_bytes(source: str, producer: str) -> int:
    """What an event may count at most, alone in its entry."""
    return ENTRY_BYTES_BELOW - 1 - _frame_bytes(source, producer)


def call_of(waiting: deque[Pack]) -> list[Pack]:
    """Take from the head of the queue what one call may carry."""
    call: list[Pack] = []
    size = 0
    while waiting and len(call) < CALL_ENTRIES:
        size += waiting[0].entry_bytes
        if call and size >= CALL_BYTES_BELOW:
            break
        call.append(waiting.popleft())
    return call


def _frame_bytes(source: str, producer: str) -> int:
    """What an entry of one event counts beside the event."""
    return len(source.encode()) + len(DETAIL_TYPE) + len(_detail([], producer))


def _packed(events: list[str], source: str, producer: str) -> Pack:
    detail = _detail(events, producer)
    return Pack(detail, len(source.encode()) + len(DETAIL_TYPE) + len(detail))


def _detail(events: list[str], producer: str) -> str:
    said = json.dumps(producer)
    return f'{{"count":{len(events)},"producer":{said},"events":[{",".join(events)}]}}'
