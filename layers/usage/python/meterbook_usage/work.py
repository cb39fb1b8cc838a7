"""Pieces of work, and the ids of what is recorded while they are done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

from meterbook_usage.log import quietly
from meterbook_usage.trigger import Trigger, trigger_of, trigger_of_record


class Work:
    """What one trigger set off: a message of a batch, an invocation, or a whole process."""

    def __init__(self, trigger: Trigger) -> None:
        self._id = trigger.id
        # The trigger's own time, so that work done again tells the same; '' if it has none.
        self.quoted_time = trigger.time and json.dumps(trigger.time)
        self._ids: dict[str, tuple[str, Iterator[int]]] = {}

    def event_id(self, names: str) -> str:
        """The next id of a source, metric and tenant: the same when the same work is done again."""
        ids = self._ids.get(names)
        stem, ordinals = ids or self._ids.setdefault(names, self._new_ids(names))
        return f"{stem}-{next(ordinals)}"

    def _new_ids(self, names: str) -> tuple[str, Iterator[int]]:
        facts = f"{self._id}\n{names}".encode(errors="surrogatepass")
        return hashlib.sha256(facts).hexdigest()[:24], count(1)


# The message that is being worked on here. A thread that the host starts has none until it says so.
_message: ContextVar[Work | None] = ContextVar("meterbook_usage_message", default=None)


class Works:
    """What a meter's host is at: a message, else the invocation, else nothing but its life."""

    def __init__(self) -> None:
        self._begun: tuple[object, object] | None = None
        self._invocation: Work | None = None
        # A message that is looked at twice in an invocation goes on counting.
        self._messages: dict[str, Work] = {}

    def begin(self, event: object, context: object) -> None:
        """An invocation begins."""
        self._begun, self._invocation, self._messages = (event, context), None, {}
        _message.set(None)

    def end(self) -> None:
        """The invocation ends."""
        self._begun, self._invocation, self._messages = None, None, {}

    def rest(self) -> None:
        """What has no invocations has flushed, and need not remember its messages for ever."""
        if self._begun is None:
            self._messages = {}

    def at_hand(self, life: Work) -> Work:
        """What this thread is at. The invocation is looked at when it is first asked for."""
        message = _message.get()
        if message or self._begun is None:
            return message or life
        if self._invocation is None:
            self._invocation = Work(trigger_of(*self._begun))
        return self._invocation

    @contextmanager
    def message(self, record: object) -> Iterator[None]:
        """A record of a batch is at hand in this thread, when it is of a kind that we know."""
        before, work = _message.get(), self._of(record)
        _message.set(work)
        try:
            yield
        finally:
            if _message.get() is work:  # a generator that ends late must not end another's work
                _message.set(before)

    @quietly
    def _of(self, record: object) -> Work | None:
        trigger = trigger_of_record(record)
        return self._messages.setdefault(trigger.id, Work(trigger)) if trigger else None
