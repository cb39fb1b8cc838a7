"""Announcements on an EventBridge bus.

EventBridge gives each event an id of its own and tells its time to the second. Ours, which follows
from the facts, travels as the one entry of `resources`; so `detail` is byte for byte what the
outbox of one machine holds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.canonical import canonical_json
from meterbook.errors import EventTooLarge, PublishFailed
from meterbook.ports import Announcement

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

# AWS counts an entry like this: 14 bytes for its time, and the UTF-8 of its texts.
_TIME_BYTES = 14
ENTRY_BYTES_BELOW = 256 * 1024


class EventBridge:
    """An `EventBus` on one bus; an entry that is not taken is sent again, a bounded time."""

    def __init__(
        self,
        client: EventBridgeClient,
        bus_name: str,
        pauses_seconds: Sequence[float] = (0.1, 0.4, 1.6),
    ) -> None:
        self._client = client
        self._bus_name = bus_name
        self._pauses_seconds = pauses_seconds

    def publish(self, event: Announcement) -> None:
        """Send the event. Errors: `PublishFailed`; `EventTooLarge` before anything is sent."""
        entry = self._entry(event)
        if (size := entry_bytes(entry)) >= ENTRY_BYTES_BELOW:
            raise EventTooLarge(bus=self._bus_name, detail=f"an entry of {size} bytes is too large")
        fault = self._fault(entry)
        for pause in self._pauses_seconds:
            if not fault:
                return
            time.sleep(pause)
            fault = self._fault(entry)
        if fault:
            raise PublishFailed(bus=self._bus_name, detail=fault)

    def _entry(self, event: Announcement) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self._bus_name,
            "Source": event.source,
            "DetailType": event.detail_type,
            "Time": event.time.astimezone(UTC),
            "Resources": [event.event_id],
            "Detail": canonical_json(dict(event.detail)),
        }

    def _fault(self, entry: PutEventsRequestEntryTypeDef) -> str:
        """Why the entry was not taken, '' when it was: a request may succeed and its entry fail."""
        try:
            (told,) = self._client.put_events(Entries=[entry])["Entries"]
        except (BotoCoreError, ClientError) as error:
            raise PublishFailed(bus=self._bus_name, detail=error) from error
        return f"{told['ErrorCode']}: {told.get('ErrorMessage', '')}" if "ErrorCode" in told else ""


def entry_bytes(entry: PutEventsRequestEntryTypeDef) -> int:
    """What EventBridge counts of an entry towards its limit of 256 KB."""
    texts = [entry["Source"], entry["DetailType"], entry["Detail"], *entry["Resources"]]
    return _TIME_BYTES + sum(len(text.encode()) for text in texts)
