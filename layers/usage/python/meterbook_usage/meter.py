"""The meter that a module of the platform holds in its hand."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, Self, TypeVar
from weakref import WeakSet

from meterbook_usage.log import quietly, say_refused
from meterbook_usage.moment import moment
from meterbook_usage.outbox import Outbox
from meterbook_usage.packing import SEND_OFF_BYTES
from meterbook_usage.recording import Recording
from meterbook_usage.settings import Settings
from meterbook_usage.texts import (
    Refused,
    attributes_json,
    plain,
    quoted,
    quoted_name,
    quoted_quantity,
    time_text,
)
from meterbook_usage.work import Works

_Record = TypeVar("_Record")
_Returned = TypeVar("_Returned")


class UsageMeter:
    """Records what tenants use, packs it and sends it. Never raises, never holds its host long.

    `module_id` is the part of the platform that is used, by default what METERBOOK_USAGE_MODULE
    says. `function` is by default the Lambda's name; give it in any other host.
    """

    def __init__(
        self,
        module_id: str = "",
        *,
        function: str = "",
        settings: Settings | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings or Settings.from_environment(os.environ)
        self._function = function or self._settings.function
        self._source = f"/{module_id or self._settings.module_id}/{self._function}"
        self._clock_ns, self._pause = clock_ns, pause
        self._names = lru_cache(maxsize=4096)(self._quoted_names)
        self._works = Works()
        self._invoked = False
        self._start_afresh()
        _meters.add(self)

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._recording: Recording | None = None
        self._outbox = Outbox(self._source, self._settings, self._clock_ns, self._pause)

    # ------------------------------------------------------------------------------- recording

    def record(  # noqa: PLR0913 - so much may be said of an event
        self,
        metric: str,
        *,
        tenant_id: str,
        quantity: object = None,
        unit: str = "",
        attributes: Mapping[str, object] | None = None,
        event_id: str | None = None,
        time: datetime | str | None = None,
        reverses: str | None = None,
    ) -> str:
        """Keep one usage event until the next flush; return its id, '' when it cannot travel.

        `quantity` is a Decimal, an int or their text; a metric that counts ids in `attributes`
        needs none. `time` is by default that of the trigger, else now. `reverses` is the id of an
        event of the same tenant and source that this one takes back.
        """
        recording = self._recording or self._here()
        number = next(recording.numbers)
        try:
            work = self._works.at_hand(recording.life)
            names = self._names(metric, tenant_id)
            if event_id:
                quoted_id = quoted(event_id := plain(event_id))
            else:
                quoted_id = f'"{(event_id := work.event_id(names))}"'  # digits, letters and a dash
            when = (
                quoted(time_text(time))
                if time
                else work.quoted_time or f'"{moment(self._clock_ns())}"'
            )
            data = _data(quantity, unit)
            if attributes or reverses:
                data += _more(attributes, reverses)
            recording.keep(
                f'{{"specversion":"1.0","id":{quoted_id},{names},"time":{when},'
                f'"sequence":"{number}","data":{{{data[1:]}}}}}'
            )
        except Exception as error:
            self._refuse(error, recording, number, metric, tenant_id)
            return ""
        if recording.waiting_bytes >= SEND_OFF_BYTES:
            self._send_off()
        return event_id

    def each(self, records: Iterable[_Record]) -> Iterator[_Record]:
        """Go through the records of a batch; what is recorded meanwhile is of that record.

        Its ids follow from the record's own, whatever batch it comes in again.
        """
        for record in records:
            with self.message(record):
                yield record

    def message(self, record: object) -> AbstractContextManager[None]:
        """Say which record of a batch this thread is working on, for batches worked in parallel."""
        return self._works.message(record)

    # --------------------------------------------------------------------------------- hosting

    def handler(self, function: Callable[[Any, Any], _Returned]) -> Callable[[Any, Any], _Returned]:
        """Wrap a Lambda's handler: what it records is sent when it ends, also when it raises."""

        @wraps(function)
        def metered(event: object, context: object) -> _Returned:
            alarm = self._begin(event, context)
            try:
                return function(event, context)
            finally:
                self._end(alarm, context)

        return metered

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def flush(self) -> None:
        """Send what waits, and wait for it no longer than the deadline."""
        self._send_off()
        self._outbox.wait(self._settings.deadline_seconds)
        self._works.rest()

    @quietly
    def _begin(self, event: object, context: object) -> threading.Timer | None:
        """Start an invocation; return the alarm that sends what waits before the host times out."""
        self._works.begin(event, context)
        if not self._invoked:
            self._invoked = True
            self._leave_the_snapshot()
        return self._alarm(_seconds_left(context))

    @quietly
    def _end(self, alarm: threading.Timer | None, context: object) -> None:
        if alarm:
            alarm.cancel()
        self._send_off()
        left = _seconds_left(context)
        deadline = self._settings.deadline_seconds
        self._outbox.wait(deadline if left is None else min(deadline, left))
        self._works.end()

    def _alarm(self, left_seconds: float | None) -> threading.Timer | None:
        if left_seconds is None:
            return None
        before = min(self._settings.deadline_seconds, left_seconds / 2)
        alarm = threading.Timer(left_seconds - before, self._send_off)
        alarm.daemon = True
        alarm.start()
        return alarm

    def _leave_the_snapshot(self) -> None:
        """Become a producer of one's own: clones of a snapshot share what was made before it."""
        self._send_off()
        with self._lock:
            self._recording = None

    # --------------------------------------------------------------------------------- the rest

    def _here(self) -> Recording:
        """The recording of this process; it is new after a snapshot or a fork."""
        with self._lock:
            if self._recording is None:
                self._recording = Recording(self._function, self._settings.source)
            return self._recording

    def _send_off(self) -> None:
        """Start what waits on its way."""
        recorded = self._recording and self._recording.take()
        if recorded:
            self._outbox.send_off(recorded)

    @quietly
    def _refuse(
        self, error: Exception, recording: Recording, number: int, metric: object, tenant: object
    ) -> None:
        recording.refuse()
        say_refused(
            str(error) if isinstance(error, Refused) else type(error).__name__,
            producer=recording.producer,
            sequence=str(number),
            source=self._source,
            metric=metric if isinstance(metric, str) else "",
            tenant_id=tenant if isinstance(tenant, str) else "",
        )

    def _quoted_names(self, metric: object, tenant_id: object) -> str:
        source, kind, subject = map(quoted_name, (self._source, metric, tenant_id))
        return f'"source":{source},"type":{kind},"subject":{subject}'


def _data(quantity: object, unit: str) -> str:
    data = "" if quantity is None else f',"quantity":{quoted_quantity(quantity)}'
    return f'{data},"unit":{quoted_name(unit)}' if unit else data


def _more(attributes: Mapping[str, object] | None, reverses: str | None) -> str:
    reversing = f',"reverses":{quoted(plain(reverses))}' if reverses else ""
    return f'{reversing},"attributes":{attributes_json(attributes)}' if attributes else reversing


@quietly
def _seconds_left(context: object) -> float | None:
    """How long the invocation may still run, None when its host does not say."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    told = remaining() if callable(remaining) else None
    return told / 1_000 if isinstance(told, int | float) else None


_meters: WeakSet[UsageMeter] = WeakSet()


def _forked() -> None:
    """Forget in a copy what waits in its original: that sends it, and has the threads for it."""
    for meter in _meters:
        meter._start_afresh()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
