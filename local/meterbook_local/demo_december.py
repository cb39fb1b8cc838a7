"""December as far as it has come: the demo's open month, with an estimate instead of an invoice.

Some quotas are used up early, one is nearly so, and of the last two days AWS has not said the last
word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from meterbook_local.demo_platform import PACKED_STREAMS, Brought, Span, days_of, write_span

NOW = datetime(2026, 12, 15, 8, tzinfo=UTC)
_DAYS = days_of(date(2026, 12, 1), date(2026, 12, 15))
_SEED = 17
# Fewer calls than before: the quota of the smaller plans is nearly used up, and not yet exceeded.
_STREAMS = tuple(
    replace(one, most=22) if one.metric == "enrichment_call" else one for one in PACKED_STREAMS
)


def write_december(folder: Path) -> Brought:
    """Write what the first half of December brought."""
    return write_span(folder / "2026-12", Span(_DAYS, _SEED, _STREAMS), NOW)
