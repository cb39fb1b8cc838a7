"""What Meterbook judges by until a catalog says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from meterbook.catalog.document import ALWAYS, FIRST_DAY, LAST_DAY, Document, Fields

VALUES = {
    "unattributed_threshold": "0.02",
    "settle_hours": "48",
    "cost_source": "cur",
    "cost_metric": "unblended",
    "cost_window_months": "1",
    "reconcile_tolerance_usd": "0.01",
    "approval_band": "0.5",
}


def default_documents() -> list[Document]:
    """The CONFIG of every book, from its first day on."""
    return [_config(name, [ALWAYS | {"value": value}]) for name, value in VALUES.items()]


def with_defaults(documents: Iterable[Document]) -> list[Document]:
    """Add what the documents do not configure, also on the days that their own values leave out."""
    merged = {document.key: document for document in default_documents()}
    for document in documents:
        default = VALUES.get(document.id) if document.kind == "config" else None
        merged[document.key] = _always(document, default) if default else document
    return [merged[key] for key in sorted(merged)]


def _always(document: Document, default: str) -> Document:
    values = list(_without_gaps(document.body["values"], default))
    return replace(document, body=document.body | {"values": values})


def _without_gaps(values: Iterable[Fields], default: str) -> Iterator[Fields]:
    day = FIRST_DAY
    for entry in values:
        if day < entry["starts_on"]:
            yield {"value": default, "starts_on": day, "ends_on": entry["starts_on"]}
        yield entry
        day = max(day, entry["ends_on"])
    if day < LAST_DAY:
        yield {"value": default, "starts_on": day, "ends_on": LAST_DAY}


def _config(name: str, values: list[Fields]) -> Document:
    return Document("config", name, {"id": name, **ALWAYS, "values": values})
