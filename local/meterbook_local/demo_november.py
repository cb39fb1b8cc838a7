"""What the month after the demo month brings: a few days of use, and what came late for October.

A producer was offline at the end of October and tells of it in November; another has counted twice
and takes an event back. October is closed by then, so the first becomes an adjustment on the next
bill and the second a credit note.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from meterbook.period import Period

from meterbook_local.demo_dice import zipped

PERIOD = Period.parse("2026-11")
NOW = datetime(2026, 12, 4, 8, tzinfo=UTC)
_FILE = "usage-2026-11.jsonl.gz"
_TENANTS = ("juniper", "kestrel", "larkspur", "meridian", "tidewater")
_COUNTED_TWICE = "enrichment_call"


def write_november(folder: Path, october: Path) -> Path:
    """Write November's file of usage; `october` is a file of the demo month, to take back from."""
    lines = [json.dumps(event, separators=(",", ":")) for event in _events(october)]
    return zipped(folder / _FILE, "\n".join(lines) + "\n")


def _events(october: Path) -> Iterator[dict[str, object]]:
    for number, tenant in enumerate(_TENANTS, start=1):
        used = _event(f"1102-{number:05d}", tenant, "ml_inference", "2026-11-02T09:00:00Z")
        yield used | {"data": {"quantity": "18000", "unit": "inference"}}
        came = _event(f"1103-{number:05d}", tenant, "active_customers", "2026-11-03T09:00:00Z")
        customer = {"customer_id": f"{tenant[:3].upper()}-00001"}
        yield came | {"data": {"quantity": "1", "unit": "customer", "attributes": customer}}
    late = _event("1030-90001", "larkspur", "ml_inference", "2026-10-30T22:10:00Z")
    yield late | {"data": {"quantity": "64000", "unit": "inference"}}
    yield from _taken_back(october)


def _event(id_: str, tenant: str, metric: str, time: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/MOD-024/score",
        "type": metric,
        "subject": tenant,
        "time": time,
    }


def _taken_back(october: Path) -> Iterator[dict[str, object]]:
    """Every enrichment call of tidewater in the file, taken back by its name, once each."""
    seen = set()
    for line in gzip.decompress(october.read_bytes()).decode().splitlines():
        event = json.loads(line)
        key = event["source"], event["id"]
        if (event["type"], event["subject"]) != (_COUNTED_TWICE, "tidewater") or key in seen:
            continue
        seen.add(key)
        back = {"quantity": f"-{event['data']['quantity']}", "reverses": event["id"]}
        yield event | {
            "id": f"back-{event['id']}",
            "time": "2026-11-04T08:00:00Z",
            "data": back | {"unit": event["data"]["unit"]},
        }
