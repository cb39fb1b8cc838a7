"""Who did what and when: one object for each, written once, beside what it was done to."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

from meterbook.canonical import canonical_json, sha256
from meterbook.ports import ObjectStore
from meterbook.serve.asked import Asked
from meterbook.serve.routes import Route


def record(
    records: ObjectStore, at: datetime, asked: Asked, route: Route[Any], status: int
) -> None:
    """Write down who asked for what, and how it ended; a token or a mark is no part of it."""
    body = canonical_json({
        "at": at,
        "actor": asked.identity.actor,
        "tenant_id": asked.identity.tenant_id,
        "method": route.method,
        "route": route.rule,
        "status": status,
        "request_id": asked.request_id,
        "parameters": dict(asked.values),
    })  # fmt: skip
    stem = f"audit/{at:%Y/%m/%d}/{at:%H%M%S.%f}-{sha256(body)[:16]}"
    for turn in count():
        if records.put_if_absent(f"{stem}{f'-{turn}' if turn else ''}.json", body.encode()):
            return
