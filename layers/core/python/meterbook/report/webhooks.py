"""The addresses outside, as the catalog has them and as they are published for who posts to them.

webhooks.json     in the bucket of the views; it names secrets and holds none
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from meterbook.book import Book
from meterbook.canonical import canonical_json
from meterbook.ports import Announcement

KEY = "webhooks.json"
FORM = "meterbook.webhooks.1"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address: `account` is whose it is ("" the platform's); its days are half-open."""

    id: str
    url: str
    events: tuple[str, ...]
    account: str
    secret: str
    starts_on: str
    ends_on: str

    def is_due(self, event: Announcement, today: date) -> bool:
        """Whether the event goes there: one that it asked for, of its own account, on its days."""
        is_its_own = self.account in ("", event.detail.get("account_id"))
        has_begun = self.starts_on <= event.time.date().isoformat()
        is_over = self.ends_on <= today.isoformat()
        return event.detail_type in self.events and is_its_own and has_begun and not is_over


def webhook_documents(book: Book) -> bytes:
    """Every address that the book knows, also of the days to come: what is published."""
    found = [json.loads(str(row["document"])) for row in book.query("webhooks")]
    names = Webhook.__slots__
    addresses = [{name: document[name] for name in names} for document in found]
    return canonical_json({"form": FORM, "webhooks": addresses}).encode() + b"\n"


def read_webhooks(document: bytes) -> list[Webhook]:
    """The addresses that were published."""
    return [
        Webhook(**{**one, "events": tuple(one["events"])})
        for one in json.loads(document)["webhooks"]
    ]
