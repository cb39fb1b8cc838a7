"""Usage at random, small and dense: many tenants who each do the few things that can collide.

A tenant is a world of its own: a handful of ids, sources and times, so that keys clash, reversals
find what they name or nearly do, and levels change within a second. Dozens of them fit in one book.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oracle.month_parts import ALWAYS, FOREVER, Pick
from oracle.records import Json

METRICS = {
    "w-sum": ("sum", ""),
    "w-max": ("max", ""),
    "w-last": ("latest", ""),
    "w-held": ("time_weighted", ""),
    "w-ids": ("distinct", "who"),
}
TIMES = (
    "2026-09-30T23:59:59.999999Z", "2026-10-01T00:00:00Z", "2026-10-01T00:00:00.4Z",
    "2026-10-01 12:00:00+00:00", "2026-10-02T18:00:00Z", "2026-10-04T06:30:00.25Z",
    "2026-10-30T23:00:00Z", "2026-11-01T00:00:00Z",
)  # fmt: skip
IDS = ("a", "b", "c", "d", "e", "f")
AMOUNTS = ("0", "1", "2", "2.000000", "2", "5", "0.000001", "33.333333", "2000")


def _row(kind: str, key: str, document: Json) -> Json:
    whole = {"starts_on": ALWAYS, "ends_on": FOREVER, "id": key, "name": key, **document}
    return {"kind": kind, "id": key, "removed": False, "commit": "", "document": whole}


def metrics(ends_on: str = FOREVER) -> list[Json]:
    """A metric of each aggregation; a thousandth of the unit is known of all that are numbers."""
    return [
        _row("metric", key, {
            "unit": "GB",
            "aggregation": aggregation,
            "counts": counts,
            "conversions": [] if counts else [{"unit": "MB", "factor": "0.001"}],
            "visibility": "licensee",
            "domain": "test",
            "ends_on": ends_on,
        })
        for key, (aggregation, counts) in METRICS.items()
    ]  # fmt: skip


def tenants(pick: Pick[Any], count: int) -> list[Json]:
    """Tenants, some of whom come or leave between their events."""
    spans = ({}, {}, {}, {"starts_on": "2026-10-01"}, {"ends_on": "2026-10-02"},
             {"ends_on": "2026-10-31"})  # fmt: skip
    return [
        _row("tenant", f"t{number}", {"modules": [], "subscriptions": [], **pick(spans)})
        for number in range(count)
    ]


def events(pick: Pick[Any], tenant: str, count: int) -> list[Json]:
    """What one tenant's modules say, numbered as their producer has recorded it."""
    metrics = pick((*((name,) for name in METRICS), tuple(METRICS)))
    amounts = pick(AMOUNTS), pick(AMOUNTS)
    return [
        {**_event(pick, tenant, pick(metrics), pick(amounts)), "producer": f"f/{tenant}",
         "sequence": str(number)}
        for number in range(1, count + 1)
    ]  # fmt: skip


def _event(pick: Pick[Any], tenant: str, metric: str, quantity: str) -> Json:
    data = {"quantity": quantity, "unit": pick(("GB", "GB", "GB", "") * 3 + ("MB", "KB"))}
    name, reverses = pick(IDS), ""
    if pick((True, False, False)):
        sign, reverses = pick(("-", "-", "-", "-", "")), pick(IDS[:4])
        data |= {"quantity": sign + quantity, "reverses": reverses}
    if metric == "w-ids" or pick((True, False, False)):
        data["attributes"] = {"a": "é", "who": pick(("x", "y", "y"))}
    return {
        "specversion": pick(("1.0",) * 29 + ("0.9",)),
        "id": f"-{name}" if reverses and pick((True, True, False)) else name,
        "source": pick(("/M-1/f",) * 4 + ("/M-1/g", "/M-2/f")),
        "type": metric,
        "subject": tenant,
        "time": pick(TIMES),
        "data": data,
    }


def count_of(told: Sequence[Json]) -> Json:
    """What a producer says to have recorded so far."""
    return {
        "producer": told[0]["producer"],
        "UsageEventsRecorded": len(told),
        "first_sequence": "1",
        "last_sequence": str(len(told)),
        "recorded_at": "2026-11-01T01:00:00.000000Z",
    }
