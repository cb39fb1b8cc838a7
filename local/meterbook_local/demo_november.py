"""What the month after the demo month brings: a month like it, and what came late for October.

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

from meterbook_local.demo_platform import Brought, Event, Span, days_of, write_span

PERIOD = Period.parse("2026-11")
NOW = datetime(2026, 12, 4, 8, tzinfo=UTC)
_SEED = 11
_COUNTED_TWICE = "enrichment_call"


def write_november(folder: Path, october: Path) -> Brought:
    """Write November's files; `october` is a file of the demo month, to take back from."""
    more = (_LATE, *_taken_back(october))
    span = Span(days_of(PERIOD.start, PERIOD.end), _SEED, more=more)
    return write_span(folder / str(PERIOD), span, NOW, closes=PERIOD)


_LATE: Event = {
    "specversion": "1.0",
    "id": "1030-90001",
    "source": "/MOD-024/score",
    "type": "ml_inference",
    "subject": "larkspur",
    "time": "2026-10-30T22:10:00Z",
    "data": {"quantity": "64000", "unit": "inference"},
}


def _taken_back(october: Path) -> Iterator[Event]:
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
