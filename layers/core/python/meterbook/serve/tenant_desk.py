"""What the licensee's side stands on: the published documents of one tenant, and no warehouse.

A document is named by its content, so one that was read once is never read again. The two that are
written over (what was published last, and the tenant's index) are read for every request and only
parsed when they are others than before.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from meterbook.canonical import sha256
from meterbook.ports import Clock, ObjectStore, TenantStore, TenantStores
from meterbook.serve.asked import Answer
from meterbook.serve.identity import Verifier
from meterbook.serve.memory import Memory
from meterbook.serve.sign_in import SignIn

Document = Mapping[str, Any]
_ROOM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TenantDesk:
    """What the tenant API is plugged into; `stale_after` is when figures count as late."""

    stores: TenantStores
    verifier: Verifier
    clock: Clock
    signing_key: bytes = field(repr=False)
    secure: bool = True
    public_url: str = ""
    sign_in: SignIn | None = None
    stale_after: timedelta = timedelta(hours=4, minutes=30)
    documents: Memory[Document] = field(
        default_factory=lambda: Memory(_ROOM_BYTES), repr=False, compare=False
    )
    answers: Memory[Answer] = field(
        default_factory=lambda: Memory(_ROOM_BYTES), repr=False, compare=False
    )

    @property
    def records(self) -> ObjectStore | None:
        """Nothing is done here that has to be written down: all of it is read."""
        return None

    def open(self, tenant_id: str) -> Published:
        """What is published for a tenant now. Errors: `KeyError` where nothing is yet."""
        store = self.stores.open(tenant_id)
        told, index = store.published(), store.get("index.json")
        as_of = self._parsed("", sha256(told), told)
        published = Published(self, store, as_of, self._parsed(tenant_id, sha256(index), index))
        # Whatever a store takes for this tenant's: a set of another one is shown to nobody.
        if published.index["tenant_id"] != tenant_id:
            raise KeyError(tenant_id)
        return published

    def document(self, store: TenantStore, tenant_id: str, key: str) -> Document:
        """A document that is named by its content."""
        if (known := self.documents.get((tenant_id, key))) is not None:
            return known
        body = store.get(key)
        return self._parsed(tenant_id, key, gzip.decompress(body) if key.endswith(".gz") else body)

    def _parsed(self, tenant_id: str, name: str, body: bytes) -> Document:
        # The tenant is part of the name: no key that one of them knows opens another's document.
        if (known := self.documents.get((tenant_id, name))) is None:
            known = json.loads(body)
            self.documents.put((tenant_id, name), known, 4 * len(body))  # parsed, it is larger
        return known


@dataclass(frozen=True, slots=True)
class Published:
    """One consistent set: all that is read through it belongs to the same index."""

    desk: TenantDesk
    store: TenantStore
    told: Document
    index: Document

    @property
    def as_of(self) -> str:
        """When all of it was right."""
        return str(self.told["as_of"])

    @property
    def is_stale(self) -> bool:
        """Whether what should have been published by now was not."""
        return self.desk.clock.now() > datetime.fromisoformat(self.as_of) + self.desk.stale_after

    @property
    def mark(self) -> tuple[object, ...]:
        """What all that can be said from it depends on, besides the question."""
        return self.index["tenant_id"], self.index["version"], self.as_of, self.is_stale

    def document(self, key: str) -> Document:
        """A document of the index."""
        return self.desk.document(self.store, str(self.index["tenant_id"]), key)

    def periods(self, period: str = "") -> list[Document]:
        """The months from the one that is asked for backwards; without one, from the newest.

        Of a month that two accounts bill, as after a move, the first is who pays for it. Errors:
        `KeyError` where it is not there.
        """
        by_month: dict[str, Document] = {}
        for one in self.index["periods"]:
            by_month.setdefault(one["period"], one)
        found = [one for one in by_month.values() if not period or one["period"] <= period]
        if not found or (period and found[0]["period"] != period):
            raise KeyError(period)
        return found

    def month(self, period: str = "") -> Document:
        """The document of a month; without one, of the newest."""
        return self.document(self.periods(period)[0]["key"])

    def days(self, period: str) -> Mapping[str, Document]:
        """Where the events of a month's days lie."""
        if (held := self.index["days"].get(period)) is None:
            return {}
        days: Mapping[str, Document] = self.document(held["key"])["days"]
        return days

    def day(self, day: str) -> Document:
        """The events of one day; there are none where a level only stands."""
        held = self.days(day[:7]).get(day)
        return self.document(held["key"]) if held else {"day": day, "events": []}

    def invoices(self) -> list[Document]:
        """The documents that were issued to who pays for this tenant, where that is itself."""
        entries: list[Document] = self.document(self.index["invoices"])["invoices"]
        return entries

    def invoice(self, number: str) -> Document:
        """One of them. Errors: `KeyError`, for one of somebody else as for one of nobody."""
        found = [entry for entry in self.invoices() if entry["number"] == number]
        if not found:
            raise KeyError(number)
        return found[0]
