"""What leaves a process: counted in the log first, then packed and sent, and waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from meterbook_usage.log import quietly, say_recorded
from meterbook_usage.moment import moment
from meterbook_usage.packing import pack
from meterbook_usage.recording import Recorded
from meterbook_usage.sending import Courier, Destinations, Pause, Sending
from meterbook_usage.settings import Settings


class Outbox:
    """The packs of one source that are on their way."""

    def __init__(
        self, source: str, settings: Settings, clock_ns: Callable[[], int], pause: Pause
    ) -> None:
        self._source, self._settings = source, settings
        self._clock_ns, self._pause = clock_ns, pause
        self.destinations = Destinations(settings)
        self._lock = threading.Lock()
        self._sendings: list[Sending] = []
        self._idle: deque[Courier] = deque()

    @quietly
    def send_off(self, recorded: Recorded) -> None:
        """Say how many events there are, and start them on their way."""
        self._say(recorded)
        packs = list(pack(recorded.events, self._settings.source, recorded.producer))
        sending = Sending(packs, self._settings, self.destinations, self._pause)
        with self._lock:
            self._sendings.append(sending)
        try:
            self._courier().carry(sending)
        except RuntimeError:  # at the end of a process no thread can be started
            sending.end("no_thread")

    @quietly
    def wait(self, seconds: float) -> None:
        """Wait for all that is on its way, and write down what is not there in time."""
        until = time.monotonic() + seconds
        with self._lock:
            sendings, self._sendings = self._sendings, []
        for sending in sendings:
            sending.wait(until)

    def _courier(self) -> Courier:
        try:
            return self._idle.pop()
        except IndexError:
            courier = Courier(self._idle)
            courier.start()
            return courier

    def _say(self, recorded: Recorded) -> None:
        now_ns = self._clock_ns()
        say_recorded(
            recorded.last - recorded.first + 1,
            now_ns // 1_000_000,
            module=self._source.split("/")[1],
            producer=recorded.producer,
            source=self._source,
            first_sequence=str(recorded.first),
            last_sequence=str(recorded.last),
            recorded_at=moment(now_ns),
        )
